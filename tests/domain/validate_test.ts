import assert from "node:assert/strict";
import type { JsonObject, JsonValue } from "../../domain/json.ts";
import { COMPATIBLE, RFC } from "../../domain/profile.ts";
import { compileResourceType } from "../../domain/schema/compile.ts";
import type { SchemaDefinition } from "../../domain/schema/definition.ts";
import { MAX_VALUES, validateResource } from "../../domain/validate.ts";
import {
  DEVICE,
  DEVICE_SCHEMA,
  ENTERPRISE_URI,
  GROUP,
  refuses,
  USER,
  WARRANTY_SCHEMA,
  WARRANTY_URI,
} from "./fixtures.ts";

const PROFILES = [COMPATIBLE, RFC];
const ADA: JsonObject = { userName: "ada@example.com" };
const ROUTER: JsonObject = { serialNumber: "S1" };

for (const profile of PROFILES) {
  for (
    const attributes of [
      {},
      { nickName: "", title: "x\ny" },
      { name: { formatted: "Ada King" } },
      {
        emails: [{ value: "upd-1a2b3c4d", type: "anything" }, {
          value: "b",
          primary: true,
        }],
      },
      { emails: [{ primary: false }, { primary: false }] },
      {
        phoneNumbers: [{ value: "call me" }],
        locale: "en_US",
        timezone: "Mars",
      },
      { active: false },
      { [ENTERPRISE_URI]: { department: "x", manager: { value: "m" } } },
      { x509Certificates: [] },
    ] as const
  ) {
    Deno.test(`validateResource() takes ${JSON.stringify(attributes)} (${profile.name})`, () => {
      validateResource(USER, {
        ...ADA,
        ...structuredClone(attributes) as JsonObject,
      }, profile);
    });
  }

  for (
    const [attributes, ...fragments] of [
      [{ userName: 1 }, 'Attribute "userName" must be a string, not a number'],
      [{ userName: " \t" }, '"userName" is required and must not be empty'],
      [
        { userName: { value: "x" } },
        '"userName" must be a string, not an object',
      ],
      [{ displayName: ["x"] }, '"displayName" must be a string, not an array'],
      [{ active: "yes" }, '"active" must be true or false, not a string'],
      [{ name: "Ada" }, '"name" must be an object, not a string'],
      [
        { name: { givenName: 1 } },
        '"name.givenName" must be a string, not a number',
      ],
      [{ emails: { value: "x" } }, '"emails" must be an array, not an object'],
      [{ emails: ["x"] }, '"emails[0]" must be an object, not a string'],
      [
        { emails: [{ value: "a" }, { value: 1 }] },
        '"emails[1].value" must be a string, not a number',
      ],
      [
        { emails: [{ primary: "no" }] },
        '"emails[0].primary" must be true or false',
      ],
      [
        { emails: [{ primary: true }, { primary: true }] },
        '"emails" has more than one value with primary true',
      ],
      [
        { photos: [{ value: 1 }] },
        '"photos[0].value" must be a string with a URI',
      ],
      [
        { [ENTERPRISE_URI]: { department: 1 } },
        `"${ENTERPRISE_URI}:department" must be a string`,
      ],
      [
        { [ENTERPRISE_URI]: { manager: { value: 1 } } },
        `"${ENTERPRISE_URI}:manager.value" must be a string`,
      ],
      [
        { [ENTERPRISE_URI]: [] },
        `"${ENTERPRISE_URI}" must be an object, not an array`,
      ],
    ] as const
  ) {
    Deno.test(`validateResource() refuses ${JSON.stringify(attributes)} (${profile.name})`, () => {
      refuses(
        () =>
          validateResource(USER, {
            ...ADA,
            ...structuredClone(attributes) as JsonObject,
          }, profile),
        400,
        "invalidValue",
        ...fragments,
      );
    });
  }

  Deno.test(`validateResource() wants a user name (${profile.name})`, () => {
    refuses(
      () => validateResource(USER, {}, profile),
      400,
      "invalidValue",
      '"userName" is required for User',
    );
  });

  Deno.test(`validateResource() wants a group's name (${profile.name})`, () => {
    refuses(
      () => validateResource(GROUP, {}, profile),
      400,
      "invalidValue",
      '"displayName" is required for Group',
    );
  });

  const VALUES:
    readonly (readonly [name: string, value: JsonValue, isRight: boolean])[] = [
      ["price", 1.5, true],
      ["price", -1e21, true],
      ["price", "1.5", false],
      ["price", JSON.parse("1e999"), false],
      ["ports", 8, true],
      ["ports", -0, true],
      ["ports", 1.5, false],
      ["ports", Number.MAX_SAFE_INTEGER, true],
      ["bought", "2024-05-06T07:08:09.1234567Z", true],
      ["bought", "2024-05-06", false],
      ["bought", 1, false],
      ["firmware", "QUJD", true],
      ["firmware", "QQ", true],
      // Entra's gallery tests write texts like "upd-1a2b3c4d" everywhere.
      ["firmware", "-_==", profile === COMPATIBLE],
      ["online", true, true],
      ["online", 1, false],
      ["tags", ["a", "b"], true],
      ["tags", ["a", 1], false],
      ["tags", [], true],
      ["slots", [{ value: "a", width: 3 }], true],
      ["slots", [{ width: "3" }], false],
      ["site", { floor: -1 }, true],
      ["site", { floor: 0.5 }, false],
      [WARRANTY_URI, { until: "2030-01-01T00:00:00Z" }, true],
      [WARRANTY_URI, { until: "2030" }, false],
    ];
  for (const [name, value, isRight] of VALUES) {
    Deno.test(`validateResource() ${isRight ? "takes" : "refuses"} ${JSON.stringify(value)} for ${name} (${profile.name})`, () => {
      const validate = () =>
        validateResource(DEVICE, { ...ROUTER, [name]: value }, profile);
      if (isRight) validate();
      else refuses(validate, 400, "invalidValue", name, "must be");
    });
  }

  for (const ports of [2 ** 53, -(2 ** 53), 1e300]) {
    Deno.test(`validateResource() says that ${ports} is too large for an integer (${profile.name})`, () => {
      refuses(
        () => validateResource(DEVICE, { ...ROUTER, ports }, profile),
        400,
        "invalidValue",
        'Attribute "ports" is too large: an integer is from -9007199254740991',
      );
    });
  }

  Deno.test(`validateResource() takes ${MAX_VALUES} values and no more (${profile.name})`, () => {
    const emails = Array.from(
      { length: MAX_VALUES },
      (_, i) => ({ value: `e${i}` }),
    );
    validateResource(USER, { ...ADA, emails }, profile);
    emails.push({ value: "one more" });
    refuses(
      () => validateResource(USER, { ...ADA, emails }, profile),
      400,
      "invalidValue",
      `"emails" has more than ${MAX_VALUES} values`,
    );
  });
}

const FORMATS: readonly (readonly [what: string, attributes: JsonObject])[] = [
  ["a country of three letters", { addresses: [{ country: "CHE" }] }],
  ["a certificate that is none", { x509Certificates: [{ value: "QUJD" }] }],
  ["a URL with blanks", { profileUrl: "no url" }],
  ["a picture without a URL", { photos: [{ value: "upd 1" }] }],
];

for (const [what, attributes] of FORMATS) {
  Deno.test(`validateResource() refuses ${what} (rfc)`, () => {
    refuses(
      () => validateResource(USER, { ...ADA, ...attributes }, RFC),
      400,
      "invalidValue",
      "must be",
    );
  });

  Deno.test(`validateResource() takes ${what} (compatible)`, () => {
    validateResource(USER, { ...ADA, ...attributes }, COMPATIBLE);
  });
}

Deno.test("43-6-8 validateResource() wants an extension that is required", () => {
  const type = compileResourceType(
    {
      ...DEVICE.definition,
      schemaExtensions: [{ schema: WARRANTY_URI, required: true }],
    },
    [DEVICE_SCHEMA, WARRANTY_SCHEMA],
  );
  refuses(
    () => validateResource(type, ROUTER, RFC),
    400,
    "invalidValue",
    `"${WARRANTY_URI}" is required for Device`,
  );
  validateResource(type, { ...ROUTER, [WARRANTY_URI]: {} }, RFC);
});

for (const required of [true, false]) {
  const what = required
    ? "43-6-8 validateResource() wants the required attributes of a required extension"
    : "43-6-9 validateResource() wants the required attributes of an optional extension only where it is";
  Deno.test(what, () => {
    const extension: SchemaDefinition = {
      ...WARRANTY_SCHEMA,
      attributes: WARRANTY_SCHEMA.attributes.map((attribute) => ({
        ...attribute,
        required: attribute.name === "contract",
      })),
    };
    const type = compileResourceType({
      ...DEVICE.definition,
      schemaExtensions: [{ schema: WARRANTY_URI, required }],
    }, [DEVICE_SCHEMA, extension]);
    const validate = (values: JsonObject) =>
      validateResource(type, { ...ROUTER, ...values }, RFC);
    const until = "2030-01-01T00:00:00Z";
    const wanted = `"${WARRANTY_URI}:contract" is required for Device`;
    const incomplete = () => validate({ [WARRANTY_URI]: { until } });
    refuses(incomplete, 400, "invalidValue", wanted);
    validate({ [WARRANTY_URI]: { until, contract: "C" } });
    if (required) refuses(() => validate({}), 400, "invalidValue");
    else validate({});
  });
}

Deno.test("validateResource() names no secret that is wrong", () => {
  const secret = "hunter2-hunter2";
  assert.throws(
    () => validateResource(USER, { ...ADA, password: [secret] }, RFC),
    (error) => error instanceof Error && !error.message.includes(secret),
  );
});
