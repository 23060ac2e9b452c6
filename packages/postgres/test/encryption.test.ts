import { execFileSync } from "node:child_process";
import { chmod, chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Database, openDatabase, parseDatabaseUrl, provision } from "@polder/postgres";
import { testServer } from "@polder/postgres/testing";
import { expect, test } from "vitest";
import { serverUser } from "../src/embedded/unprivileged-user.ts";
import { homeScopes, inventory, order, rowOf } from "./homes.ts";

test("connections are encrypted as the address asks", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "polder-tls-"));
  context.onTestFinished(() => rm(folder, { recursive: true }));
  const [key, certificate] = [join(folder, "server.key"), join(folder, "server.crt")];
  try {
    const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"];
    const named = ["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate];
    execFileSync("openssl", [...made, ...named], { stdio: "ignore" });
  } catch {
    context.skip("needs the program openssl, to make a certificate");
  }
  const user = await serverUser(folder);
  await chmod(folder, 0o755);
  await chmod(key, 0o600);
  if (user !== undefined) for (const path of [key, certificate]) await chown(path, user.uid, user.gid);

  const settings = { ssl: "on", ssl_key_file: key, ssl_cert_file: certificate };
  await using server = await testServer({ own: "tls", settings });
  await using database = await server.database();
  const { host, port, user: admin, password, database: name } = database.address;
  const open = (mode: string): Database =>
    openDatabase(parseDatabaseUrl(`postgres://${admin}:${password}@${host}:${port}/${name}?sslmode=${mode}`));
  const isEncrypted = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";

  await using plain = open("disable");
  expect(await rowOf(plain, isEncrypted)).toEqual({ ssl: false });
  await using encrypted = open("require");
  expect(await rowOf(encrypted, isEncrypted)).toEqual({ ssl: true });
  // Nobody known has signed the certificate.
  await using verified = open("verify-full");
  await expect(verified.query("select 1")).rejects.toMatchObject({
    code: "POSTGRES_UNREACHABLE",
    message: expect.stringContaining("self-signed certificate"),
  });

  // Whoever Polder logs in as besides goes there in the same way.
  expect(encrypted.target.encryption).toBe("unverified");
  const report = await provision({ ...database, admin: encrypted, homes: [order, inventory], scopes: homeScopes });
  expect(report.drift).toEqual([]);

  await using bare = await testServer();
  await using refused = openDatabase({ ...bare.server, database: "postgres", encryption: "unverified" });
  await expect(refused.query("select 1")).rejects.toMatchObject({
    code: "POSTGRES_UNREACHABLE",
    message: expect.stringContaining("does not support SSL"),
  });
});
