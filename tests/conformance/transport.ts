/**
 * Sending a request exactly as it is spelled.
 * @module
 */

import { request as requestOverHttp } from "node:http";
import { request as requestOverHttps } from "node:https";
import { Buffer } from "node:buffer";

/** A request as it goes on the wire. */
export interface WireRequest {
  readonly method: string;
  /** Scheme, host and port: `https://scim.example.com`. */
  readonly origin: string;
  /** The request target, sent without any re-encoding. */
  readonly target: string;
  /** Exactly these headers are sent, besides Host, Connection and Content-Length. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An answer as it came from the wire. */
export interface WireAnswer {
  readonly status: number;
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Sends a request; rejects when there is no answer. */
export type Send = (request: WireRequest) => Promise<WireAnswer>;

const TIMEOUT_MS = 30_000;

/**
 * Sends over a connection of its own. Not `fetch`: that normalises URLs and
 * always sends User-Agent, while Entra was seen to send none.
 */
export const sendOverHttp: Send = (wire) => {
  const url = new URL(wire.origin);
  const request = url.protocol === "https:"
    ? requestOverHttps
    : requestOverHttp;
  const length = wire.body === undefined
    ? {}
    : { "Content-Length": String(Buffer.byteLength(wire.body)) };

  return new Promise((resolve, reject) => {
    const outgoing = request({
      // An IPv6 address stands in brackets in a URL only.
      hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"),
      port: url.port,
      method: wire.method,
      path: wire.target,
      headers: { ...wire.headers, ...length },
      agent: false,
    }, (incoming) => {
      const chunks: Uint8Array[] = [];
      incoming.on("data", (chunk: Uint8Array) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const headers = Object.entries(incoming.headers).map((
          [name, value],
        ): [string, string] => [name, [value ?? ""].flat().join(", ")]);
        resolve({
          status: incoming.statusCode ?? 0,
          headers: new Map(headers),
          body: Buffer.concat(chunks).toString("utf8"),
        });
      });
    });
    outgoing.on("error", reject);
    outgoing.setTimeout(TIMEOUT_MS, () => {
      outgoing.destroy(new Error(`No answer within ${TIMEOUT_MS / 1000} s`));
    });
    outgoing.end(wire.body);
  });
};
