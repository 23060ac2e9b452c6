import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, test } from "vitest";
import { createDispatcher, type DispatcherLimits, type HttpLimits, type HttpServer, serveHttp } from "../src/index.ts";
import { type ServedInventory, serveInventory } from "./inventory.ts";

interface Setting extends AsyncDisposable {
  readonly server: HttpServer;
  readonly inventory: ServedInventory;
  readonly open: () => RawClient;
}

async function setUp(limits: Partial<HttpLimits> = {}, calls: Partial<DispatcherLimits> = {}): Promise<Setting> {
  const inventory = serveInventory();
  const dispatcher = createDispatcher({ served: [inventory.served], limits: calls });
  const server = await serveHttp({ dispatcher, port: 0, limits: { checkIntervalMs: 20, ...limits } });
  const clients: RawClient[] = [];
  return {
    server,
    inventory,
    open: () => {
      const client = openClient(server.port);
      clients.push(client);
      return client;
    },
    [Symbol.asyncDispose]: async () => {
      for (const { socket } of clients) socket.destroy();
      await server.stop({ signal: AbortSignal.abort() });
    },
  };
}

/** A client that says exactly what it is told to. */
interface RawClient {
  readonly socket: Socket;
  /** Everything that came back, when the server has closed. */
  readonly closed: Promise<string>;
  /** Resolves when what came back has some text in it. */
  readonly received: (text: string) => Promise<string>;
}

function openClient(port: number): RawClient {
  const socket = connect({ host: "127.0.0.1", port });
  let all = "";
  socket.setEncoding("utf8").on("data", (text) => {
    all += text;
  });
  // A client that keeps sending into a closed connection gets an error; what it got before counts.
  socket.on("error", () => undefined);
  const closed = Promise.withResolvers<string>();
  socket.once("close", () => closed.resolve(all));
  return {
    socket,
    closed: closed.promise,
    received: async (text) => {
      while (!all.includes(text)) await once(socket, "data");
      return all;
    },
  };
}

const head = (method: string, path: string, more = "") =>
  `${method} /inventory/v1${path} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n${more}`;

test("a client that never ends its head is timed out", async () => {
  await using setting = await setUp({ headersTimeoutMs: 50, requestTimeoutMs: 100 });
  const client = setting.open();
  client.socket.write("GET /inventory/v1/availability/a HTTP/1.1\r\nHost: te");
  expect(await client.closed).toContain("408 Request Timeout");
});

test("a client that never ends its body is timed out, and its call does not run", async () => {
  await using setting = await setUp({ headersTimeoutMs: 50, requestTimeoutMs: 100 });
  const client = setting.open();
  client.socket.write(head("POST", "/reservations", 'Content-Length: 100\r\n\r\n{"sku": "a"'));
  expect(await client.closed).toContain("408 Request Timeout");
  expect(setting.inventory.admitted).toEqual([]);
});

test("an idle connection is closed", async () => {
  await using setting = await setUp({ keepAliveTimeoutMs: 50 });
  const client = setting.open();
  client.socket.write(head("GET", "/availability/a", "\r\n"));
  expect(await client.closed).toContain("200 OK");
});

test("a client that does not read its answer is closed", async () => {
  const inventory = serveInventory();
  const answered = Promise.withResolvers<void>();
  const output = { value: "x".repeat(8_000_000) };
  const execute = async () => {
    answered.resolve();
    return { kind: "answered" as const, output };
  };
  const dispatcher = createDispatcher({ served: [{ ...inventory.served, execute }] });
  await using server = await serveHttp({ dispatcher, port: 0, limits: { stalledTimeoutMs: 100, checkIntervalMs: 20 } });
  const socket = connect({ host: "127.0.0.1", port: server.port });
  socket.on("error", () => undefined);
  const body = '{"value": 1}';
  socket.write(head("POST", "/echo", `Content-Length: ${body.length}\r\n\r\n${body}`).repeat(4));
  await answered.promise;
  // Nobody reads the 32 MB that are on their way; the server hangs up, and only then the rest is read.
  await server.stop({ signal: new AbortController().signal });
  socket.resume();
  await once(socket, "close");
});

test("a client that goes away stops its handler", async () => {
  await using setting = await setUp();
  const client = setting.open();
  const body = '{"how": "wait to be stopped"}';
  client.socket.write(head("POST", "/misbehave", `Content-Length: ${body.length}\r\n\r\n${body}`));
  await setting.inventory.running;
  client.socket.destroy();
  expect(await setting.inventory.stopped).toMatchObject({ code: "CALL_ABORTED" });
});

test("a client that goes away in its body leaves nothing behind", async () => {
  await using setting = await setUp();
  const client = setting.open();
  client.socket.write(head("POST", "/reservations", 'Content-Length: 100\r\n\r\n{"sku": "a"'));
  await once(client.socket, "connect");
  client.socket.destroy();
  await client.closed;
  await setting.server.stop({ signal: new AbortController().signal });
  expect(setting.inventory.admitted).toEqual([]);
});

/** Unlike `once`, it leaves an error of the socket to its close. */
function drained(socket: Socket): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once("drain", resolve);
  return promise;
}

const chunk = Buffer.alloc(65_536, "x");
const fiftyMegabytes = 50_000_000;

test.each([
  ["with a length", `Content-Length: ${fiftyMegabytes}\r\n\r\n`],
  ["in chunks, without a length", "Transfer-Encoding: chunked\r\n\r\n"],
])("a body of 50 MB %s is BODY_TOO_LARGE, in little memory, and its connection ends well", async (_, framing) => {
  await using setting = await setUp();
  const client = setting.open();
  client.socket.write(head("POST", "/echo", framing));
  const isChunked = framing.startsWith("Transfer");
  const before = process.memoryUsage();
  let most = 0;
  for (let sent = 0; sent < fiftyMegabytes && client.socket.writable; sent += chunk.length) {
    if (isChunked) client.socket.write(`${chunk.length.toString(16)}\r\n`);
    const isRoom = client.socket.write(chunk);
    if (isChunked) client.socket.write("\r\n");
    if (!isRoom) await Promise.race([drained(client.socket), client.closed]);
    most = Math.max(most, process.memoryUsage().arrayBuffers - before.arrayBuffers);
  }
  const answer = await client.closed;
  expect(answer).toContain("413 Payload Too Large");
  expect(answer).toContain("BODY_TOO_LARGE");
  expect(answer.toLowerCase()).toContain("connection: close");
  // All that the server takes before it hangs up, also when none of it has been collected yet.
  expect(most).toBeLessThan(32_000_000);
});

test("more bodies at once than fit are OVERLOADED", async () => {
  await using setting = await setUp({ bodiesBytesMax: 1_000 });
  const first = setting.open();
  first.socket.write(head("POST", "/echo", `Content-Length: 900\r\n\r\n{"value": "${"x".repeat(600)}`));
  const second = setting.open();
  second.socket.write(head("POST", "/echo", `Content-Length: 900\r\n\r\n{"value": "${"x".repeat(600)}`));
  const answers = await Promise.race([first.received("OVERLOADED"), second.received("OVERLOADED")]);
  expect(answers).toContain("503 Service Unavailable");
  expect(answers.toLowerCase()).toContain("retry-after: 1");
});

test("more calls at once than may run are OVERLOADED, and nothing is done", async () => {
  await using setting = await setUp({}, { inFlightMax: 1 });
  const first = setting.open();
  const body = '{"how": "wait to be stopped"}';
  first.socket.write(head("POST", "/misbehave", `Content-Length: ${body.length}\r\n\r\n${body}`));
  await setting.inventory.running;
  const response = await fetch(`${setting.server.url}/inventory/v1/availability/a`);
  expect(response.status).toBe(503);
  expect(response.headers.get("retry-after")).toBe("1");
  expect(await response.json()).toMatchObject({ code: "OVERLOADED" });
  first.socket.destroy();
  await setting.inventory.stopped;
});

test("a stop lets running calls end, answers others with SHUTTING_DOWN, and closes", async () => {
  const { promise: release, resolve } = Promise.withResolvers<void>();
  const running = Promise.withResolvers<void>();
  const inventory = serveInventory();
  const execute: typeof inventory.served.execute = async (_, call) => {
    running.resolve();
    await release;
    return call.conclude({ reservationId: "late" });
  };
  const dispatcher = createDispatcher({ served: [{ ...inventory.served, execute }] });
  await using server = await serveHttp({ dispatcher, port: 0 });
  const reservation = '{"sku": "a"}';
  const request = head("POST", "/reservations", `Content-Length: ${reservation.length}\r\n\r\n`);
  const early = openClient(server.port);
  early.socket.write(request + reservation);
  const late = openClient(server.port);
  late.socket.write(request);
  await running.promise;
  const stopped = server.stop({ signal: new AbortController().signal });
  late.socket.write(reservation);
  expect(await late.closed).toContain("SHUTTING_DOWN");
  await expect(fetch(server.url)).rejects.toThrow();
  resolve();
  expect(await early.closed).toContain('{"reservationId":"late"}');
  await stopped;
});

test("a stop whose signal aborts ends what hangs", async () => {
  await using setting = await setUp();
  const client = setting.open();
  const body = '{"how": "hang"}';
  client.socket.write(head("POST", "/misbehave", `Content-Length: ${body.length}\r\n\r\n${body}`));
  const signal = await setting.inventory.running;
  const force = new AbortController();
  const stopped = setting.server.stop({ signal: force.signal });
  force.abort();
  await stopped;
  await client.closed;
  expect(signal.reason).toMatchObject({ code: "SHUTTING_DOWN" });
});
