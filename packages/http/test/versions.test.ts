import { type LogFields, silentLogger } from "@polder/model";
import { afterEach, describe, expect, test } from "vitest";
import {
  type CallTransport,
  createClient,
  createDispatcher,
  type HttpServer,
  httpTransport,
  localTransport,
  serveHttp,
  startGateway,
} from "../src/index.ts";
import { Guestbook, type ServedGuestbook, serveGuestbook } from "./guestbook.ts";

const open: Pick<HttpServer, "stop">[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.stop({ signal: AbortSignal.abort() });
});

interface SetUp extends ServedGuestbook {
  readonly transport: CallTransport;
  readonly url: string;
  readonly errors: readonly LogFields[];
}

const ways = ["inside one process", "over HTTP", "through the gateway"] as const;

async function setUp(way: (typeof ways)[number]): Promise<SetUp> {
  const guestbook = serveGuestbook();
  const errors: LogFields[] = [];
  const logger = { ...silentLogger, error: (_message: string, fields: LogFields = {}) => void errors.push(fields) };
  const dispatcher = createDispatcher({
    served: [guestbook.served],
    logger,
    limits: { answerBytesMax: 2_000 },
  });
  const local = localTransport(dispatcher);
  const server =
    way === "through the gateway"
      ? await startGateway({ domains: [guestbook.served.implementation.domain], findTransport: () => local })
      : await serveHttp({ dispatcher, port: 0 });
  open.push(server);
  const transport = way === "inside one process" ? local : httpTransport({ baseUrl: server.url });
  return { ...guestbook, transport, url: server.url, errors };
}

describe.each(ways)("several majors at once, %s", (way) => {
  test("each caller speaks its own version, and the handler knows the newest only", async () => {
    const { transport, admitted } = await setUp(way);
    const old = createClient(Guestbook, "1.1.0", { transport });
    const newest = createClient(Guestbook, "2.1.0", { transport });
    expect(await old.guest({ guestId: "a" })).toEqual({ ok: true, value: { guestId: "a", name: "Ada Lovelace" } });
    expect(await newest.guest({ guestId: "a" })).toEqual({
      ok: true,
      value: { guestId: "a", firstName: "Ada", lastName: "Lovelace", age: 36 },
    });
    expect(await old.sign({ name: "Grace Hopper", phone: "1" })).toEqual({
      ok: true,
      value: { guestId: "g1", name: "Grace" },
    });
    expect(admitted[2]).toMatchObject({
      version: "1.1.0",
      input: { firstName: "Grace", lastName: "Hopper", phone: "1", language: "nl" },
      asked: { operation: "sign", major: 1 },
    });
  });

  test("a caller at an older minor is served as well", async () => {
    const { transport } = await setUp(way);
    const oldest = createClient(Guestbook, "1.0.0", { transport });
    expect(await oldest.guest({ guestId: "a" })).toMatchObject({ ok: true, value: { name: "Ada Lovelace" } });
  });

  test("refusals come as the caller's version knows them", async () => {
    const { transport } = await setUp(way);
    const old = createClient(Guestbook, "1.1.0", { transport });
    const refusals = [
      await old.guest({ guestId: "nobody" }),
      await old.guest({ guestId: "hidden" }),
      await old.sign({ name: "Ada full" }),
    ];
    expect(refusals).toEqual([
      { ok: false, refusal: "UnknownGuest", details: { guestId: "nobody" } },
      { ok: false, refusal: "UnknownGuest", details: { guestId: "shy" } },
      { ok: false, refusal: "BookFull", details: { seats: 0 } },
    ]);
  });

  test("what has no counterpart is CONVERSION_IMPOSSIBLE, names the version to use, and does not happen", async () => {
    const { transport, committed, errors } = await setUp(way);
    const old = createClient(Guestbook, "1.1.0", { transport });
    const problems = [
      ["a name of more than twenty characters", ".sign.input"],
      ["Ada unanswerable", ".sign.output"],
      ["Ada burnt", ".sign.refusals.BookBurnt"],
    ] as const;
    for (const [name, place] of problems) {
      await expect(old.sign({ name })).rejects.toMatchObject({
        code: "CALL_FAILED",
        details: {
          problem: {
            code: "CONVERSION_IMPOSSIBLE",
            status: 422,
            detail: expect.stringContaining(
              `(guestbook converters["2.0.0"]${place}). Nothing was done; use version 2.1.0`,
            ),
          },
        },
      });
    }
    expect(committed).toEqual([]);
    expect(errors).toEqual([]);
  });

  test("a converter that is broken is CONVERSION_FAILED with its name and the pointer, and nothing happens", async () => {
    const { transport, committed, errors } = await setUp(way);
    const old = createClient(Guestbook, "1.1.0", { transport });
    const expectFailure = async (name: string, said: string): Promise<void> => {
      await expect(old.sign({ name })).rejects.toMatchObject({
        details: { problem: { code: "CONVERSION_FAILED", status: 500, detail: expect.stringContaining(said) } },
      });
    };
    await expectFailure(
      "wrong",
      'guestbook converters["2.0.0"].sign.input gave what 2.1.0 does not accept: /firstName',
    );
    await expectFailure("throw", 'guestbook converters["2.0.0"].sign.input threw an error. Nothing was done');
    await expectFailure("Ada wrong", 'converters["2.0.0"].sign.output gave what 1.1.0 does not accept: /name');
    await expectFailure(
      "Ada ring",
      'converters["2.0.0"].sign.output gave what 1.1.0 does not accept: the value cannot',
    );
    expect(committed).toEqual([]);
    // The owner finds the cause in the log, with the converter's own words.
    expect(errors[1]?.["error"]).toMatchObject({ cause: new Error("secret of the inside") });
  });

  test("by a keyed command is remembered what its caller said, whatever a converter does to it", async () => {
    const { transport, admitted } = await setUp(way);
    await createClient(Guestbook, "1.1.0", { transport }).sign({ name: "Ada Lovelace" }, { key: "k" });
    expect(admitted[0]?.asked.input).toEqual({ name: "Ada Lovelace" });
  });

  test("an answer that a converter has made too large is not committed: ANSWER_TOO_LARGE", async () => {
    const { transport, committed } = await setUp(way);
    await expect(createClient(Guestbook, "1.1.0", { transport }).sign({ name: "Ada long" })).rejects.toMatchObject({
      details: { problem: { code: "ANSWER_TOO_LARGE", status: 500 } },
    });
    expect(committed).toEqual([]);
  });

  test("a version that is gone is VERSION_RETIRED with its notice; one that never was is VERSION_UNKNOWN", async () => {
    const { transport } = await setUp(way);
    const bounds = {
      declared: Guestbook.versions["1.0.0"].guest,
      deadlineMs: 1_000,
      signal: AbortSignal.timeout(1_000),
    };
    const at = async (version: string) =>
      await transport.call(
        { api: "guestbook", version, operation: "guest", input: { guestId: "a" }, headers: {} },
        bounds,
      );
    expect(await at("0.5.0")).toMatchObject({
      problem: {
        code: "VERSION_RETIRED",
        status: 410,
        detail: expect.stringMatching(/since 2025-01-01: Split the name. Living are 1.0.0, 1.1.0, 2.0.0, 2.1.0/),
      },
    });
    expect(await at("7.0.0")).toMatchObject({ problem: { code: "VERSION_UNKNOWN", status: 404 } });
  });

  test("nobody answers for an operation that is gone", async () => {
    const { transport } = await setUp(way);
    const old = createClient(Guestbook, "1.1.0", { transport });
    await expect(old.wave({})).rejects.toMatchObject({ code: "OPERATION_UNKNOWN" });
  });

  test("callers of a major that is about to go are warned, once", async () => {
    const { transport } = await setUp(way);
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
    // Another object, so that what other tests were told does not count.
    const Copy = { ...Guestbook };
    for (const version of ["1.0.0", "1.1.0", "2.1.0"] as const) {
      const client = createClient(Copy, version, { transport, caller: "order", logger });
      await client.guest({ guestId: "a" });
    }
    expect(warnings).toEqual([
      expect.stringMatching(
        /^"order" calls "guestbook" at version 1.0.0, .* since 2026-03-01.* goes away on 2027-03-01T12.*: https:\/\/guestbook.example\/split-names$/,
      ),
    ]);
  });
});

describe.each(["over HTTP", "through the gateway"] as const)("the version of a request, %s", (way) => {
  const living = ["1.0.0", "1.1.0", "2.0.0", "2.1.0"];
  const get = async (url: string, headers: Record<string, string> = {}) => {
    const response = await fetch(url, { headers });
    return { status: response.status, headers: response.headers, body: (await response.json()) as object };
  };

  test("is in the path, or in Accept-Version, or the oldest that lives", async () => {
    const { url } = await setUp(way);
    const named = { guestId: "a b", name: "Ada Lovelace" };
    expect((await get(`${url}/guestbook/v1/guests/a%20b`)).body).toEqual(named);
    expect((await get(`${url}/guestbook/guests/a%20b`)).body).toEqual(named);
    for (const version of ["1", "1.0", "1.1.0"])
      expect((await get(`${url}/guestbook/guests/a%20b`, { "accept-version": version })).body).toEqual(named);
    const newest = await get(`${url}/guestbook/people/a`, { "accept-version": "2" });
    expect(newest.body).toMatchObject({ firstName: "Ada", lastName: "Lovelace" });
    expect(newest.headers.get("polder-version")).toBe("2.1.0");
  });

  test("is refused with the living ones where it is not served", async () => {
    const { url } = await setUp(way);
    const unknown = ["3", "1.7", "x", "-1", "1."].map((version) =>
      get(`${url}/guestbook/guests/a`, { "accept-version": version }),
    );
    for (const { status, body } of await Promise.all(unknown)) {
      expect(status).toBe(404);
      expect(body).toMatchObject({ code: "VERSION_UNKNOWN", detail: expect.stringContaining("2.1.0"), living });
    }
    expect(await get(`${url}/guestbook/guests/a`, { "accept-version": "0" })).toMatchObject({ status: 410 });
    expect(await get(`${url}/guestbook/v0/guests/a`)).toMatchObject({
      status: 410,
      body: { code: "VERSION_RETIRED", detail: expect.stringContaining("Split the name."), living },
    });
    expect(await get(`${url}/guestbook/v2.1.0/people/a`)).toMatchObject({ body: { code: "VERSION_UNKNOWN", living } });
    expect(await get(`${url}/guestbook/v9/guests/a`)).toMatchObject({ body: { code: "VERSION_UNKNOWN" } });
    expect(await get(`${url}/guestbook/nothing/here/at/all`)).toMatchObject({ body: { code: "OPERATION_UNKNOWN" } });
  });

  test("is that of the path, whatever Accept-Version says", async () => {
    const { url } = await setUp(way);
    for (const version of ["2", "7", "x"]) {
      const { body, headers } = await get(`${url}/guestbook/v1/guests/a`, { "accept-version": version });
      expect(body).toEqual({ guestId: "a", name: "Ada Lovelace" });
      expect(headers.get("polder-version")).toBe("1.1.0");
    }
  });

  test("makes caches keep answers apart where a header chooses it, and only there", async () => {
    const { url } = await setUp(way);
    for (const path of ["guests/a", "guests/nobody", "nothing/here"])
      expect((await get(`${url}/guestbook/${path}`)).headers.get("vary")).toBe("Accept-Version");
    for (const path of ["v1/guests/a", "v1/guests/nobody", "v9/guests/a"])
      expect((await get(`${url}/guestbook/${path}`)).headers.has("vary")).toBe(false);
  });

  test("must not be contradicted by Polder-Version", async () => {
    const { url } = await setUp(way);
    for (const path of ["guestbook/v1/guests/a", "guestbook/guests/a"])
      expect(await get(`${url}/${path}`, { "polder-version": "2.0.0" })).toMatchObject({
        status: 404,
        body: { code: "VERSION_UNKNOWN", detail: expect.stringContaining("is one for major 1, by its path"), living },
      });
  });

  test("comes with Deprecation, Sunset and Link where it is about to go, also on problems", async () => {
    const { url } = await setUp(way);
    for (const path of ["guests/a", "guests/nobody"]) {
      const { headers } = await get(`${url}/guestbook/v1/${path}`);
      expect(Object.fromEntries(headers)).toMatchObject({
        deprecation: "@1772323200",
        sunset: "Mon, 01 Mar 2027 12:00:00 GMT",
        link: expect.stringContaining('<https://guestbook.example/split-names>; rel="deprecation"'),
      });
    }
    expect((await get(`${url}/guestbook/v2/people/a`)).headers.has("deprecation")).toBe(false);
  });
});
