import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** A folder in which clients are generated and compiled. Disposing it removes it. */
export interface ClientFolder extends AsyncDisposable {
  readonly path: string;
  /** Writes a file, and gives its path. */
  readonly write: (file: string, text: string) => Promise<string>;
  /** Compiles all that is in it, as strictly as the compiler can; gives what the compiler has to say. */
  readonly compile: () => Promise<string>;
}

const modules = join(import.meta.dirname, "../../../node_modules");

/** Makes a folder that finds the packages of this repository. */
export async function clientFolder(): Promise<ClientFolder> {
  const path = await mkdtemp(join(tmpdir(), "polder-clients-"));
  await symlink(modules, join(path, "node_modules"));
  const write: ClientFolder["write"] = async (file, text) => {
    await mkdir(join(path, file, ".."), { recursive: true });
    await writeFile(join(path, file), text);
    return join(path, file);
  };
  await write("package.json", JSON.stringify({ type: "module" }));
  await write("tsconfig.json", JSON.stringify({ compilerOptions, include: ["**/*.ts"] }));
  return {
    path,
    write,
    compile: async () => {
      const run = promisify(execFile)(join(modules, ".bin/tsc"), ["-p", path]);
      return await run.then(
        ({ stdout }) => stdout,
        ({ stdout, message }: { readonly stdout: string; readonly message: string }) => stdout || message,
      );
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

const compilerOptions = {
  strict: true,
  noUncheckedIndexedAccess: true,
  noEmit: true,
  target: "es2022",
  lib: ["es2022", "dom", "dom.iterable"],
  module: "esnext",
  moduleResolution: "bundler",
  types: [],
};

/** What a customer does, written with types by openapi-typescript and calls by openapi-fetch. */
export const fetchProgram = `
import createClient from "openapi-fetch";
import type { paths as Customer } from "./customer";
import type { paths as Inventory } from "./inventory";
import type { paths as Order } from "./order";

type PlacedBody = Order["/order/v1/orders"]["post"]["requestBody"]["content"]["application/json"];

export async function buy(baseUrl: string, token: string) {
  let available: number | undefined;
  const how = { baseUrl, headers: { authorization: "Bearer " + token } };
  const inventory = createClient<Inventory>(how);
  const order = createClient<Order>(how);
  const registered = await createClient<Customer>({ baseUrl }).POST("/customer/v1/customers", {
    body: { name: "Ada", email: "ada@fetch.example" },
  });
  const customerId = registered.data!.customerId;
  // @ts-expect-error: a quantity is a number
  const wrong: PlacedBody = { customerId, lines: [{ sku: "a/b", quantity: "1" }] };
  await inventory.POST("/inventory/v1/deliveries", { body: { sku: "a/b", quantity: 2 } });
  await order.PUT("/order/v1/prices/{sku}", { params: { path: { sku: "a/b" } }, body: { unitCents: 5 } });
  const quoted = await order.GET("/order/v1/quotes", { params: { query: { sku: ["a/b"] } } });
  const unitCents: number | undefined = quoted.data?.goods[0]?.unitCents;
  const placed = await order.POST("/order/v1/orders", {
    params: { header: { "Idempotency-Key": "of fetch" } },
    body: { customerId, lines: [{ sku: "a/b", quantity: 1 }] },
  });
  const totalCents: number | undefined = placed.data?.totalCents;
  const refused = await order.POST("/order/v1/orders", { body: { customerId, lines: [{ sku: "a/b", quantity: 9 }] } });
  // #region refusal
  const problem = refused.error;
  if (problem !== undefined && "refusal" in problem && problem.refusal === "OutOfStock")
    available = problem.details.available;
  // #endregion refusal
  return { unitCents, totalCents, available };
}
`;

/** The same with clients by openapi-ts. */
export const openApiTsProgram = `
import { register } from "./customer/sdk.gen";
import { receive } from "./inventory/sdk.gen";
import { place, quote, setPrice } from "./order/sdk.gen";
import type { PlaceData } from "./order/types.gen";

export async function buy(baseUrl: string, token: string) {
  const known = { baseUrl, auth: token };
  const { data: registered } = await register({ baseUrl, body: { name: "Ada", email: "ada@openapi-ts.example" } });
  const customerId = registered!.customerId;
  // @ts-expect-error: a quantity is a number
  const wrong: PlaceData["body"] = { customerId, lines: [{ sku: "c/d", quantity: "1" }] };
  await receive({ ...known, body: { sku: "c/d", quantity: 2 } });
  await setPrice({ ...known, path: { sku: "c/d" }, body: { unitCents: 5 } });
  const quoted = await quote({ baseUrl, query: { sku: ["c/d"] } });
  const unitCents: number | undefined = quoted.data?.goods[0]?.unitCents;
  const placed = await place({
    ...known,
    headers: { "Idempotency-Key": "of openapi-ts" },
    body: { customerId, lines: [{ sku: "c/d", quantity: 1 }] },
  });
  const totalCents: number | undefined = placed.data?.totalCents;
  const { error } = await place({ ...known, body: { customerId, lines: [{ sku: "c/d", quantity: 9 }] } });
  const available: number | undefined =
    error !== undefined && "refusal" in error && error.refusal === "OutOfStock" ? error.details.available : undefined;
  return { unitCents, totalCents, available };
}
`;
