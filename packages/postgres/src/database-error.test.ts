import { describe, expect, test } from "vitest";
import { explained, isInfrastructureError, isWorthRepeating, sqlState } from "./database-error.ts";
import { postgresErrors } from "./errors.ts";

const target = { host: "h", port: 5432, database: "shop", user: "order_app" };
const from = (code: string, message = "said so"): Error => Object.assign(new Error(message), { code });

describe("an error of PostgreSQL or of its connection", () => {
  test.each([
    ["28P01", "POSTGRES_AUTH_FAILED", "POLDER_SECRET_ORDER_APP"],
    ["28000", "POSTGRES_AUTH_FAILED", "order_app"],
    ["3D000", "POSTGRES_UNREACHABLE", "shop"],
    ["57P01", "POSTGRES_UNREACHABLE", "h:5432"],
    ["57P03", "POSTGRES_UNREACHABLE", "said so"],
    ["08006", "POSTGRES_UNREACHABLE", "said so"],
    ["25P03", "POSTGRES_UNREACHABLE", "said so"],
    ["ECONNREFUSED", "POSTGRES_UNREACHABLE", "said so"],
    ["ENOTFOUND", "POSTGRES_UNREACHABLE", "said so"],
    ["53100", "POSTGRES_FULL", "Free space"],
    ["53300", "POSTGRES_BUSY", "max_connections"],
  ])("%s is %s, and is in trouble itself", (state, code, says) => {
    const cause = from(state);
    const error = explained(cause, target);
    expect(error).toMatchObject({ code, details: target, cause, message: expect.stringContaining(says) });
    expect(isInfrastructureError(error)).toBe(true);
    expect(sqlState(error)).toBe(state);
  });

  test.each(["23505", "40001", "42601", "57014", "53400", "22012", "P0001"])("%s stays as it is", (state) => {
    const error = from(state);
    expect(explained(error, target)).toBe(error);
    expect(isInfrastructureError(error)).toBe(false);
  });

  test("of the server is told by its state, never by its words", () => {
    for (const words of ['relation "certificate" does not exist', "Connection terminated", "timeout expired"]) {
      expect(isInfrastructureError(from("P0001", words))).toBe(false);
      expect(explained(from("42P01", words), target)).not.toHaveProperty("details");
    }
    for (const words of ["self-signed certificate", "Connection terminated unexpectedly", "timeout expired"]) {
      expect(explained(new Error(words), target)).toMatchObject({ code: "POSTGRES_UNREACHABLE" });
    }
    const waited = new Error("timeout exceeded when trying to connect");
    expect(explained(waited, target)).toMatchObject({ code: "POSTGRES_BUSY" });
  });

  test("of Polder stays as it is, and so does anything that is no error", () => {
    const error = postgresErrors.URL_INVALID("said so", { variable: "X" });
    expect(explained(error, target)).toBe(error);
    expect(explained("text", target)).toBe("text");
    expect(sqlState("text")).toBeUndefined();
  });
});

test("worth repeating is what lost against another transaction", () => {
  const outdated = from("0A000", "cached plan must not change result type");
  expect([from("40001"), from("40P01"), outdated].every(isWorthRepeating)).toBe(true);
  expect([from("0A000"), from("23505"), from("55P03"), from("57P01")].some(isWorthRepeating)).toBe(false);
});
