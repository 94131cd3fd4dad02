import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Registries } from "../../storage/registries.ts";
import { Store } from "../../storage/store.ts";
import { TenantRepository } from "../../storage/tenants.ts";
import {
  type Answer,
  type Client,
  isProblem,
  isScimError,
  object,
  objects,
  TestServer,
  text,
  URN,
  user,
} from "./harness.ts";

const DELETE_ACME = "/tenants/acme?confirm=acme";

/** Asks until the tenant is gone. */
async function untilGone(server: TestServer): Promise<void> {
  await server.dump();
  isProblem(await server.admin("GET", "/tenants/acme"), 404, /no tenant/);
}

/** A server whose tenant acme is being deleted by a process that stands still. */
async function goingServer(): Promise<{ server: TestServer; client: Client }> {
  const server = await TestServer.start({ exclusive: false });
  const client = await server.client({ tenant: "acme" });
  await client.user("ada");
  const store = new Store(server.kv);
  const tenants = new TenantRepository(store, new Registries(store));
  await tenants.beginDeletion("acme", server.now);
  return { server, client };
}

Deno.test("DELETE /admin/tenants/{id} begins to delete the tenant and names the job", async () => {
  await using server = await TestServer.start();
  const client = await server.client({ tenant: "acme" });
  await client.group("Sales", [(await client.user("ada")).id]);
  const { status, json } = await server.admin("DELETE", DELETE_ACME);
  strictEqual(status, 202);
  deepStrictEqual(json, {
    id: "acme",
    deleting: true,
    job: "deleteTenant.acme",
  });
  await untilGone(server);
  const lines = await server.dump();
  deepStrictEqual(lines.filter((line) => line.includes("acme")), []);
});

Deno.test("a tenant is deleted only when its id is confirmed", async () => {
  await using server = await TestServer.start();
  const client = await server.client({ tenant: "acme" });
  for (const query of ["", "?confirm=", "?confirm=true", "?confirm=Acme"]) {
    const answer = await server.admin("DELETE", `/tenants/acme${query}`);
    isProblem(answer, 400, /DELETE \/admin\/tenants\/acme\?confirm=acme/);
  }
  strictEqual((await client.get("/Users")).status, 200);
});

Deno.test("the default tenant is never deleted", async () => {
  await using server = await TestServer.start();
  const path = "/tenants/default?confirm=default";
  isProblem(await server.admin("DELETE", path), 409, /always exists/);
});

Deno.test("DELETE of a tenant that does not exist is 404", async () => {
  await using server = await TestServer.start();
  isProblem(await server.admin("DELETE", DELETE_ACME), 404, /no tenant "acme"/);
});

Deno.test("the tokens of a deleted tenant are dead for the next request", async () => {
  await using server = await TestServer.start();
  const client = await server.client({ tenant: "acme" });
  const { id } = await client.user("ada");
  // Answers may be kept in memory.
  for (let i = 0; i < 3; i++) {
    strictEqual((await client.get(`/Users/${id}`)).status, 200);
  }
  await server.admin("DELETE", DELETE_ACME);
  isScimError(await client.get(`/Users/${id}`), 401);
  isScimError(await client.post("/Users", user("bob")), 401);
  await untilGone(server);
  isScimError(await client.get(`/Users/${id}`), 401);
});

Deno.test("a tenant that is being deleted is shown so, with its job", async () => {
  const { server } = await goingServer();
  await using _ = server;
  const { json } = await server.admin("GET", "/tenants");
  deepStrictEqual(
    objects(json["tenants"]).map(({ id, deleting }) => ({ id, deleting })),
    [{ id: "acme", deleting: true }, { id: "default", deleting: undefined }],
  );
  const jobs = await server.admin("GET", "/jobs");
  deepStrictEqual(
    objects(jobs.json["jobs"]).map(({ id, kind, tenant, about }) => ({
      id,
      kind,
      tenant,
      about,
    })),
    [{
      id: "deleteTenant.acme",
      kind: "deleteTenant",
      tenant: "acme",
      about: "Deletes the tenant acme with all that belongs to it",
    }],
  );
});

Deno.test("DELETE of a tenant that is being deleted is answered as the first one", async () => {
  const { server } = await goingServer();
  await using _ = server;
  const { status, json } = await server.admin("DELETE", DELETE_ACME);
  strictEqual(status, 202);
  deepStrictEqual(json, {
    id: "acme",
    deleting: true,
    job: "deleteTenant.acme",
  });
});

Deno.test("a token of a tenant that is being deleted is refused like an unknown one", async () => {
  const { server, client } = await goingServer();
  await using _ = server;
  const unknown = await client.send("/Users", { token: "scim_no" });
  const requests: Promise<Answer>[] = [
    client.get("/Users"),
    client.get("/Me"),
    client.post("/Users", user("bob")),
    client.post("/.search", {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
    }),
    client.post("/Bulk", {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
      Operations: [{ method: "POST", path: "/Users", bulkId: "a", data: {} }],
    }),
  ];
  for (const answer of await Promise.all(requests)) {
    isScimError(answer, 401);
    strictEqual(answer.text, unknown.text);
    strictEqual(
      answer.headers.get("WWW-Authenticate"),
      unknown.headers.get("WWW-Authenticate"),
    );
  }
});

Deno.test("discovery with a token of a tenant that is being deleted shows what everybody sees", async () => {
  await using server = await TestServer.start({ exclusive: false });
  const client = await server.client({ tenant: "acme" });
  const id = "urn:example:params:scim:schemas:extension:badge:2.0:User";
  const added = await server.admin("POST", "/schemas?tenant=acme", {
    extends: "User",
    schema: { id, name: "Badge", attributes: [{ name: "number" }] },
  });
  strictEqual(added.status, 201, added.text);
  strictEqual((await client.get(`/Schemas/${id}`)).status, 200);
  const store = new Store(server.kv);
  const tenants = new TenantRepository(store, new Registries(store));
  await tenants.beginDeletion("acme", server.now);
  strictEqual((await client.get(`/Schemas/${id}`)).status, 404);
  strictEqual((await client.get(`/Schemas/${URN.user}`)).status, 200);
});

Deno.test("nothing is added to a tenant that is being deleted", async () => {
  const { server } = await goingServer();
  await using _ = server;
  const schema = {
    id: "urn:example:params:scim:schemas:core:2.0:Device",
    name: "Device",
    attributes: [{ name: "serialNumber" }],
  };
  const answers = [
    await server.admin("POST", "/tokens", { name: "x", tenant: "acme" }),
    await server.admin("POST", "/tokens", {
      name: "x",
      tenant: "acme",
      userId: "u-1",
    }),
    await server.admin("PATCH", "/tenants/acme", {
      settings: { uniqueGroupNames: false },
    }),
    await server.admin("POST", "/schemas", { tenant: "acme", schema }),
  ];
  for (const answer of answers) {
    isProblem(answer, 409, /The tenant "acme" is being deleted/);
  }
});

Deno.test("the name of a deleted tenant can be used anew and begins empty", async () => {
  await using server = await TestServer.start();
  const old = await server.client({ tenant: "acme" });
  const { id } = await old.user("ada");
  await server.admin("DELETE", DELETE_ACME);
  await untilGone(server);
  const client = await server.client({ tenant: "acme" });
  isScimError(await client.get(`/Users/${id}`), 404);
  deepStrictEqual(await client.names("/Users"), []);
  await client.user("ada");
  isScimError(await old.get("/Users"), 401);
  const { json } = await server.admin("GET", "/changes?tenant=acme");
  strictEqual(objects(json["changes"]).length, 1);
});

Deno.test("a request whose tenant is deleted while its body comes is 401, also when the name was used anew", async () => {
  for (const isMadeAnew of [false, true]) {
    await using server = await TestServer.start();
    const client = await server.client({ tenant: "acme" });
    const content = new TextEncoder().encode(JSON.stringify(user("ada")));
    let go = (): void => {};
    let begun = (): void => {};
    const held = new Promise<void>((resolve) => go = resolve);
    const asked = new Promise<void>((resolve) => begun = resolve);
    const body = new ReadableStream({
      async pull(controller) {
        begun();
        await held;
        controller.enqueue(content);
        controller.close();
      },
    }, { highWaterMark: 0 });
    const sending = client.send("/Users", { method: "POST", body });
    await asked;
    await server.admin("DELETE", DELETE_ACME);
    await untilGone(server);
    const next = isMadeAnew ? await server.client({ tenant: "acme" }) : null;
    go();
    isScimError(await sending, 401);
    if (next !== null) deepStrictEqual(await next.names("/Users"), []);
    else {
      const lines = await server.dump();
      deepStrictEqual(lines.filter((line) => line.includes("acme")), []);
    }
  }
});

Deno.test("eight clients that write to a tenant while it is deleted leave nothing behind", async () => {
  await using server = await TestServer.start();
  const other = await server.client();
  await other.user("ada");
  const client = await server.client({ tenant: "acme" });
  const { id: group } = await client.group("Sales");
  const { id: member } = await client.user("ada");
  const write = async (index: number): Promise<number> => {
    for (let i = 0;; i++) {
      const op = index % 2 === 0 ? "add" : "remove";
      const answer = i % 2 === 0
        ? await client.post("/Users", user(`user ${index} ${i}`))
        : await client.patch(`/Groups/${group}`, [
          { op, path: "members", value: [{ value: member }] },
        ]);
      if (answer.status === 401) return i;
      const isFine = [200, 201, 204, 404].includes(answer.status);
      ok(isFine, `${answer.status} ${answer.text}`);
    }
  };
  const writing = Array.from({ length: 8 }, (_, index) => write(index));
  await new Promise((resolve) => setTimeout(resolve, 50));
  strictEqual((await server.admin("DELETE", DELETE_ACME)).status, 202);
  ok((await Promise.all(writing)).some((writes) => writes > 0));
  await untilGone(server);
  const lines = await server.dump();
  deepStrictEqual(lines.filter((line) => line.includes("acme")), []);
  deepStrictEqual(await other.names("/Users"), ["ada"]);
  const { json } = await server.admin("POST", "/check", {});
  strictEqual(text(object(json)["left"]?.toString()), "0");
});
