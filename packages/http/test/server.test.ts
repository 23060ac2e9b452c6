import { expect, test } from "vitest";
import { createDispatcher, type HttpServer, serveHttp } from "../src/index.ts";
import { type ServedInventory, serveInventory } from "./inventory.ts";

interface Setting extends AsyncDisposable {
  readonly server: HttpServer;
  readonly inventory: ServedInventory;
  readonly send: (method: string, path: string, init?: RequestInit) => Promise<Answer>;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: the tests compare its parts
  readonly json: any;
}

async function setUp(): Promise<Setting> {
  const inventory = serveInventory();
  const dispatcher = createDispatcher({ served: [inventory.served] });
  const extra = (app: Parameters<NonNullable<Parameters<typeof serveHttp>[0]["extra"]>>[0]) => {
    app.get("/livez", (context) => context.text("alive"));
    app.get("/broken", () => {
      throw new Error("the password is 1234");
    });
  };
  const server = await serveHttp({ dispatcher, port: 0, extra });
  return {
    server,
    inventory,
    send: async (method, path, init) => {
      const response = await fetch(server.url + path, { method, ...init });
      const text = await response.text();
      const isJson = response.headers.get("content-type")?.includes("json") ?? false;
      return {
        status: response.status,
        headers: response.headers,
        text,
        json: isJson && text !== "" ? JSON.parse(text) : undefined,
      };
    },
    [Symbol.asyncDispose]: () => server.stop({ signal: AbortSignal.abort() }),
  };
}

const json = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  body: typeof body === "string" ? body : JSON.stringify(body),
  headers: { "content-type": "application/json", ...headers },
});

test("a query is a GET with its fields in path and query string", async () => {
  await using setting = await setUp();
  const answer = await setting.send("GET", "/inventory/v1/availability/a%2Fb?warehouse=north+west");
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("application/json");
  expect(answer.headers.get("polder-version")).toBe("1.1.0");
  expect(answer.json).toEqual({ sku: "a/b", available: 5, note: "in north west" });
});

test("a literal segment comes before a parameter", async () => {
  await using setting = await setUp();
  const answer = await setting.send("GET", "/inventory/v1/availability/top");
  expect(answer.json).toEqual({ skus: ["a", "b"] });
});

test("HEAD answers as GET does, without the body", async () => {
  await using setting = await setUp();
  const answer = await setting.send("HEAD", "/inventory/v1/availability/a");
  expect(answer).toMatchObject({ status: 200, text: "" });
});

test("fields are read as the types of the contract; what cannot be stays text and is named", async () => {
  await using setting = await setUp();
  const good = "size=M&count=-3&weight=1e3&isNew=true&texts=1&counts=2&counts=3";
  const answer = await setting.send("GET", `/inventory/v1/search/12?${good}`);
  expect(answer.json).toEqual({
    ...{ text: "12", size: "M", count: -3, weight: 1000, isNew: true, texts: ["1"], counts: [2, 3], page: 1 },
  });
  const bad = "size=XL&count=0x10&weight=NaN&isNew=yes&texts=a&page=1&page=2&__proto__=x&colour=red";
  const refused = await setting.send("GET", `/inventory/v1/search/12?${bad}`);
  expect(refused.status).toBe(400);
  const pointers = refused.json.violations.map(({ pointer }: { pointer: string }) => pointer).sort();
  expect(pointers).toEqual(["/__proto__", "/colour", "/count", "/isNew", "/page", "/size", "/weight"]);
});

test.each([
  ["an empty list is one that is not there", "size=M&count=1&weight=1&isNew=false", 200],
  ["a broken percent-encoding", "size=M&count=1&weight=1&isNew=false&texts=%ZZ", 400],
  ["a broken name", "%FF=1&size=M&count=1&weight=1&isNew=false&texts=a", 400],
  ["a field of the path, again and otherwise", "text=b&size=M&count=1&weight=1&isNew=false", 400],
])("%s in a query string", async (_, query, status) => {
  await using setting = await setUp();
  expect(await setting.send("GET", `/inventory/v1/search/a?${query}`)).toMatchObject({ status });
});

test("a broken percent-encoding in a path is INPUT_INVALID", async () => {
  await using setting = await setUp();
  const answer = await setting.send("GET", "/inventory/v1/availability/%E0%A4");
  expect(answer).toMatchObject({ status: 400, json: { code: "INPUT_INVALID", violations: [{ pointer: "/sku" }] } });
});

test("a command takes its fields from path and body, and nothing from a query string", async () => {
  await using setting = await setUp();
  const path = "/inventory/v1/reservations/7";
  expect(await setting.send("PUT", path, json({ quantity: 2 }))).toMatchObject({
    status: 200,
    json: { reservationId: 7, quantity: 2 },
  });
  expect(await setting.send("PUT", path, json({ quantity: 2, reservationId: 7 }))).toMatchObject({ status: 200 });
  const contradicting = await setting.send("PUT", path, json({ quantity: 2, reservationId: 8 }));
  expect(contradicting).toMatchObject({ status: 400, json: { violations: [{ pointer: "/reservationId" }] } });
  const withQuery = await setting.send("PUT", `${path}?dryRun=true`, json({ quantity: 2 }));
  expect(withQuery).toMatchObject({ status: 400, json: { violations: [{ pointer: "" }] } });
  expect(setting.inventory.committed).toEqual(["change", "change"]);
});

test("a DELETE needs no body, and nothing as an answer is 204", async () => {
  await using setting = await setUp();
  const answer = await setting.send("DELETE", "/inventory/v1/reservations/7");
  expect(answer).toMatchObject({ status: 204, text: "" });
  expect(answer.headers.get("polder-version")).toBe("1.1.0");
});

test("a command without a body has no fields, and the missing ones are named", async () => {
  await using setting = await setUp();
  const answer = await setting.send("POST", "/inventory/v1/reservations");
  expect(answer).toMatchObject({ status: 400, json: { code: "INPUT_INVALID", violations: [{ pointer: "/sku" }] } });
});

test.each(["[]", "null", '"text"', "1"])("the body %s is no object: INPUT_INVALID", async (body) => {
  await using setting = await setUp();
  const answer = await setting.send("POST", "/inventory/v1/reservations", json(body));
  expect(answer).toMatchObject({ status: 400, json: { code: "INPUT_INVALID", violations: [{ pointer: "" }] } });
});

test("a refusal is 409 with its name and details", async () => {
  await using setting = await setUp();
  const answer = await setting.send("POST", "/inventory/v1/reservations", json({ sku: "a", quantity: 9 }));
  expect(answer.status).toBe(409);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(answer.json).toEqual({
    type: "/docs/errors/REFUSED",
    title: "The operation was refused",
    status: 409,
    detail: "The operation was refused: OutOfStock. Its contract says what that means.",
    code: "REFUSED",
    refusal: "OutOfStock",
    details: { available: 5 },
  });
});

test.each([
  ["text/plain", {}],
  ["application/json; charset=latin1", {}],
  ["application/jsonp", {}],
  ["application/json", { "content-encoding": "gzip" }],
])("a body as %s %j is MEDIA_TYPE_UNSUPPORTED", async (contentType, headers) => {
  await using setting = await setUp();
  const init = json({ sku: "a" }, { "content-type": contentType, ...headers });
  const answer = await setting.send("POST", "/inventory/v1/reservations", init);
  expect(answer).toMatchObject({ status: 415, json: { code: "MEDIA_TYPE_UNSUPPORTED" } });
});

test.each([
  "application/json; charset=UTF-8",
  'application/json;charset="utf-8"',
  "application/vnd.polder+json",
  "Application/JSON",
])("a body as %s is read", async (contentType) => {
  await using setting = await setUp();
  const answer = await setting.send(
    "POST",
    "/inventory/v1/reservations",
    json({ sku: "a" }, { "content-type": contentType }),
  );
  expect(answer.status).toBe(200);
});

test("broken JSON is JSON_BROKEN, with the place", async () => {
  await using setting = await setUp();
  const answer = await setting.send("POST", "/inventory/v1/reservations", json('{\n  "sku": "a",\n}'));
  expect(answer).toMatchObject({ status: 400, json: { code: "JSON_BROKEN" } });
  expect(answer.json.detail).toContain("line 3, column 1");
});

test("deep JSON is INPUT_INVALID and exhausts nobody's stack", async () => {
  await using setting = await setUp();
  const deep = `{"value": ${"[".repeat(400_000)}${"]".repeat(400_000)}}`;
  const answer = await setting.send("POST", "/inventory/v1/echo", json(deep));
  expect(answer).toMatchObject({ status: 400, json: { code: "INPUT_INVALID" } });
});

test("keys such as __proto__ are unknown fields, and touch no prototype", async () => {
  await using setting = await setUp();
  const body = '{"sku": "a", "__proto__": {"quantity": 2}, "constructor": {"prototype": {"polluted": 1}}}';
  const answer = await setting.send("POST", "/inventory/v1/reservations", json(body));
  const pointers = answer.json.violations.map(({ pointer }: { pointer: string }) => pointer).sort();
  expect(pointers).toEqual(["/__proto__", "/constructor"]);
  expect(Reflect.get({}, "polluted")).toBeUndefined();
});

test("an unknown route is 404, and says what is served", async () => {
  await using setting = await setUp();
  const elsewhere = await setting.send("GET", "/favicon.ico");
  expect(elsewhere).toMatchObject({ status: 404, json: { code: "OPERATION_UNKNOWN" } });
  expect(elsewhere.json.detail).toContain("/inventory/v1/");
  const inside = await setting.send("POST", "/inventory/v1/reservation", json({}));
  expect(inside).toMatchObject({ status: 404, json: { code: "OPERATION_UNKNOWN" } });
  expect(inside.json.detail).toContain("POST /inventory/v1/reservations");
  expect(await setting.send("GET", "/inventory/v1/availability/")).toMatchObject({ status: 404 });
});

test("an unknown version is 404 VERSION_UNKNOWN and names the living ones", async () => {
  await using setting = await setUp();
  const answer = await setting.send("GET", "/inventory/v2/availability/a");
  expect(answer).toMatchObject({ status: 404, json: { code: "VERSION_UNKNOWN" } });
  expect(answer.json.detail).toContain("1.1.0");
  const contradicting = await setting.send("GET", "/inventory/v1/availability/a", {
    headers: { "polder-version": "2.0.0" },
  });
  expect(contradicting).toMatchObject({ status: 404, json: { code: "VERSION_UNKNOWN" } });
});

test("another method is 405 METHOD_NOT_ALLOWED, with those that are", async () => {
  await using setting = await setUp();
  const answer = await setting.send("GET", "/inventory/v1/reservations/7");
  expect(answer).toMatchObject({ status: 405, json: { code: "METHOD_NOT_ALLOWED" } });
  expect(answer.headers.get("allow")).toBe("PUT, DELETE");
});

test.each(["soon", "-1", "1.5", "99999999999"])("the deadline %j is INPUT_INVALID", async (deadline) => {
  await using setting = await setUp();
  const answer = await setting.send("GET", "/inventory/v1/availability/a", {
    headers: { "polder-deadline-ms": deadline },
  });
  expect(answer).toMatchObject({ status: 400, json: { code: "INPUT_INVALID" } });
});

test("a deadline of 0 ms has passed: 504", async () => {
  await using setting = await setUp();
  const answer = await setting.send("GET", "/inventory/v1/availability/a", { headers: { "polder-deadline-ms": "0" } });
  expect(answer).toMatchObject({ status: 504, json: { code: "CALL_DEADLINE_EXCEEDED" } });
  expect(setting.inventory.admitted).toEqual([]);
});

test("a caller's name does not travel over HTTP", async () => {
  await using setting = await setUp();
  await setting.send("GET", "/inventory/v1/availability/a", { headers: { "polder-caller": "order" } });
  expect(setting.inventory.admitted[0]).not.toHaveProperty("caller");
});

test("further routes stand beside the APIs, and their errors leak nothing", async () => {
  await using setting = await setUp();
  expect(await setting.send("GET", "/livez")).toMatchObject({ status: 200, text: "alive" });
  const broken = await setting.send("GET", "/broken");
  expect(broken).toMatchObject({ status: 500, json: { code: "HANDLER_FAILED" } });
  expect(broken.text).not.toContain("1234");
});

test("another dispatcher takes over at the same port, from the next request on", async () => {
  await using setting = await setUp();
  const replacing = serveInventory();
  await setting.send("GET", "/inventory/v1/availability/a");
  setting.server.replace(createDispatcher({ served: [replacing.served] }));
  expect(await setting.send("GET", "/inventory/v1/availability/b")).toMatchObject({ status: 200 });
  expect(await setting.send("GET", "/livez")).toMatchObject({ text: "alive" });
  expect(setting.inventory.admitted).toMatchObject([{ input: { sku: "a" } }]);
  expect(replacing.admitted).toMatchObject([{ input: { sku: "b" } }]);
});

test("a taken port is PORT_IN_USE, with the way out", async () => {
  await using setting = await setUp();
  const dispatcher = createDispatcher({ served: [] });
  await expect(serveHttp({ dispatcher, port: setting.server.port })).rejects.toMatchObject({
    code: "PORT_IN_USE",
    details: { host: "127.0.0.1", port: setting.server.port },
    message: expect.stringContaining("choose another port"),
  });
});
