import { api, command, domain, handler, implement, PolderError, query, team, writePosition } from "@polder/model";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  type AdmittedCall,
  type CallTransport,
  createClient,
  createDispatcher,
  httpTransport,
  localTransport,
  openApiOf,
  outlookOf,
  resilientTransport,
  serveHttp,
  startGateway,
} from "../src/index.ts";

const Diary = api("diary", {
  versions: {
    "1.0.0": {
      note: command("POST /notes", {
        input: z.object({ text: z.string() }),
        output: z.object({ notes: z.int() }),
        access: "anyone",
      }),
      erase: command("DELETE /notes", { access: "anyone" }),
      read: query("GET /notes", {
        input: z.object({ day: z.string().optional() }),
        output: z.object({ notes: z.int() }),
        access: "anyone",
      }),
      since: query("GET /since", {
        input: z.object({ notBefore: z.string() }),
        output: z.object({ day: z.string() }),
        access: "anyone",
      }),
    },
  },
});
const diary = domain("diary", {
  owner: team("Writers", { contact: "#writers" }),
  capability: "Remember",
  publishes: [Diary],
});
const implementation = implement(diary, {
  apis: {
    diary: {
      note: handler(diary, Diary.note, async () => ({ notes: 1 })),
      erase: handler(diary, Diary.erase, async () => undefined),
      read: handler(diary, Diary.read, async () => ({ notes: 1 })),
      since: handler(diary, Diary.since, async ({ input }) => ({ day: input.notBefore })),
    },
  },
});

const positionAt = (xid: number): string =>
  writePosition({ publisher: "diary", deployment: "0123456789abcdef", xid: String(xid) });
const [first, second] = [positionAt(1), positionAt(2)];
const behind = { readModel: "notes", publisher: "diary", lagEvents: 3, parkedEvents: 0 };

/** Serves the diary: its commands have published, and its queries fail where they are told so. */
function serveDiary({ fails = false } = {}) {
  const admitted: AdmittedCall[] = [];
  const dispatcher = createDispatcher({
    served: [
      {
        implementation,
        execute: async (found, call) => {
          admitted.push(call);
          if (fails) throw new PolderError("READ_MODEL_BEHIND", "The notes are not there yet.", { behind });
          const executed = await call.conclude(await found.run(call as never));
          const isAnswer = executed.kind === "answered" && found.declared.kind === "command";
          return isAnswer ? { ...executed, position: first } : executed;
        },
      },
    ],
  });
  return { admitted, dispatcher };
}

type Diaries = ReturnType<typeof serveDiary>;

/** Ways to the diary: inside a process, over HTTP, and through the gateway, whose calls go over HTTP as well. */
const ways: Readonly<Record<string, (diaries: Diaries, opened: AsyncDisposableStack) => Promise<CallTransport>>> = {
  "inside a process": async ({ dispatcher }) => localTransport(dispatcher),
  "over HTTP": async ({ dispatcher }, opened) =>
    httpTransport({ baseUrl: opened.use(await serveHttp({ dispatcher, port: 0 })).url }),
  "through the gateway": async (diaries, opened) => {
    const inside = await ways["over HTTP"]?.(diaries, opened);
    const gateway = await startGateway({ domains: [diary], findTransport: () => inside as CallTransport });
    return httpTransport({ baseUrl: opened.use(gateway).url });
  },
};

describe.each(Object.entries(ways))("%s", (_, open) => {
  test("a command's answer has a position, also one that answers nothing; a query's has none", async () => {
    await using opened = new AsyncDisposableStack();
    const client = createClient(Diary, "1.0.0", { transport: await open(serveDiary(), opened) });
    expect(await client.note({ text: "a" })).toEqual({ ok: true, value: { notes: 1 }, position: first });
    expect(await client.erase({})).toEqual({ ok: true, value: null, position: first });
    expect(await client.read({})).toEqual({ ok: true, value: { notes: 1 } });
  });

  test("a query takes positions along, each once, with those of its client", async () => {
    await using opened = new AsyncDisposableStack();
    const diaries = serveDiary();
    const transport = await open(diaries, opened);
    const client = createClient(Diary, "1.0.0", { transport });
    await client.read({}, { notBefore: first });
    await client.read({}, { notBefore: [second, undefined, first, second] });
    await client.read({}, { notBefore: undefined });
    await client.read({}, { notBefore: [] });
    const ofCaller = createClient(Diary, "1.0.0", { transport, notBefore: [first] });
    await ofCaller.read({}, { notBefore: second });
    await ofCaller.note({ text: "a" });
    expect(diaries.admitted.map(({ notBefore }) => notBefore)).toEqual([
      [first],
      [second, first],
      undefined,
      undefined,
      [first, second],
      undefined,
    ]);
  });

  test("what is not as new as was asked for is READ_MODEL_BEHIND, and says what is missing", async () => {
    await using opened = new AsyncDisposableStack();
    const transport = await open(serveDiary({ fails: true }), opened);
    const read = createClient(Diary, "1.0.0", { transport }).read({}, { notBefore: first });
    await expect(read).rejects.toMatchObject({
      code: "READ_MODEL_BEHIND",
      message: "The notes are not there yet.",
      details: { api: "diary", operation: "read", problem: { status: 412, behind } },
    });
    await read.catch((error: unknown) => expect(outlookOf(error)).toBe("open"));
  });
});

test("READ_MODEL_BEHIND opens no circuit and is not repeated, and a fallback may answer", async () => {
  const { dispatcher, admitted } = serveDiary({ fails: true });
  const transport = resilientTransport({ transport: localTransport(dispatcher), rules: { failuresMax: 1 } });
  const client = createClient(Diary, "1.0.0", { transport });
  for (let call = 0; call < 3; call += 1)
    await expect(client.read({}, { notBefore: first })).rejects.toMatchObject({ code: "READ_MODEL_BEHIND" });
  expect(admitted).toHaveLength(3);
  const patient = createClient(Diary, "1.0.0", { transport, fallbacks: { read: () => ({ notes: 0 }) } });
  expect(await patient.read({}, { notBefore: first })).toEqual({
    ok: true,
    value: { notes: 0 },
    fallback: "READ_MODEL_BEHIND",
  });
});

describe("POSITION_INVALID", () => {
  test("before anything is sent: with every position that is none", async () => {
    const { dispatcher, admitted } = serveDiary();
    const client = createClient(Diary, "1.0.0", { transport: localTransport(dispatcher) });
    const read = client.read({}, { notBefore: ["garbage", first, ` ${second}`] });
    await expect(read).rejects.toMatchObject({
      code: "POSITION_INVALID",
      details: {
        api: "diary",
        operation: "read",
        violations: [
          { pointer: "/notBefore/0", problem: "is no position" },
          { pointer: "/notBefore/2", problem: "is no position" },
        ],
      },
    });
    await read.catch((error: unknown) => expect(outlookOf(error)).toBe("never"));
    expect(admitted).toEqual([]);
  });

  test("for a command, and for more than 20", async () => {
    const { dispatcher, admitted } = serveDiary();
    const client = createClient(Diary, "1.0.0", { transport: localTransport(dispatcher) });
    await expect(client.note({ text: "a" }, { notBefore: first })).rejects.toMatchObject({
      code: "POSITION_INVALID",
      details: { violations: [{ pointer: "/notBefore", problem: "is for queries only" }] },
    });
    const positions = (count: number) => Array.from({ length: count }, (_, n) => positionAt(n + 1));
    await expect(client.read({}, { notBefore: positions(21) })).rejects.toMatchObject({ code: "POSITION_INVALID" });
    await client.read({}, { notBefore: positions(20) });
    expect(admitted).toHaveLength(1);
  });
});

describe("who writes HTTP by hand", () => {
  const answer = async (url: string, init?: RequestInit) => {
    const response = await fetch(url, init);
    const { headers, status } = response;
    const text = await response.text();
    return { status, position: headers.get("polder-position"), json: text === "" ? undefined : JSON.parse(text) };
  };

  test("finds the position in a header, and asks by a header, a parameter, or both", async () => {
    const { dispatcher, admitted } = serveDiary();
    await using server = await serveHttp({ dispatcher, port: 0 });
    const notes = `${server.url}/diary/v1/notes`;
    expect(await answer(notes, { method: "DELETE" })).toMatchObject({ status: 204, position: first });
    const asked = [
      [notes, { "polder-not-before": `${first},, ${second}` }],
      [`${notes}?notBefore=${first}&day=Monday&notBefore=${second}`, {}],
      [`${notes}?notBefore=${first},${second}`, { "polder-not-before": second }],
      [`${notes}?notBefore=`, { "polder-not-before": "" }],
    ] as const;
    for (const [url, headers] of asked)
      expect(await answer(url, { headers })).toMatchObject({ status: 200, position: null });
    expect(admitted.slice(1).map(({ notBefore }) => notBefore)).toEqual([
      [first, second],
      [first, second],
      [second, first],
      undefined,
    ]);
    expect(admitted[2]?.input).toEqual({ day: "Monday" });
  });

  test("has a field of that name where the contract declares one; the header is always there", async () => {
    const { dispatcher, admitted } = serveDiary();
    await using server = await serveHttp({ dispatcher, port: 0 });
    const url = `${server.url}/diary/v1/since?notBefore=Monday`;
    expect(await answer(url, { headers: { "polder-not-before": first } })).toMatchObject({
      status: 200,
      json: { day: "Monday" },
    });
    expect(admitted[0]?.notBefore).toEqual([first]);
    const { paths } = openApiOf(Diary, "1.0.0", { audience: "domains" }) as {
      paths: Record<string, { get: { parameters: unknown[] } }>;
    };
    const parameter = { $ref: "#/components/parameters/notBefore" };
    expect(paths["/diary/v1/notes"]?.get.parameters).toContainEqual(parameter);
    expect(paths["/diary/v1/since"]?.get.parameters).not.toContainEqual(parameter);
  });

  test.each([
    ["directly", "over HTTP"],
    ["through the gateway", "through the gateway"],
  ])("is told what is wrong, %s, with a pointer to each place", async (_, way) => {
    await using opened = new AsyncDisposableStack();
    const diaries = serveDiary();
    const server =
      way === "over HTTP"
        ? opened.use(await serveHttp({ dispatcher: diaries.dispatcher, port: 0 }))
        : opened.use(await startGateway({ domains: [diary], findTransport: () => localTransport(diaries.dispatcher) }));
    const headers = { "polder-not-before": `garbage, ${first}` };
    expect(await answer(`${server.url}/diary/v1/notes?notBefore=%00`, { headers })).toMatchObject({
      status: 400,
      json: { code: "POSITION_INVALID", violations: [{ pointer: "/notBefore/0" }, { pointer: "/notBefore/2" }] },
    });
    const body = JSON.stringify({ text: "a" });
    const post = { method: "POST", body, headers: { "content-type": "application/json", "polder-not-before": first } };
    expect(await answer(`${server.url}/diary/v1/notes`, post)).toMatchObject({
      status: 400,
      json: { code: "POSITION_INVALID", violations: [{ pointer: "/notBefore" }] },
    });
    expect(diaries.admitted).toEqual([]);
  });
});
