import { PolderError } from "@polder/model";
import { describe, expect, test } from "vitest";
import { jsonLine, table, writeFailure, writeResult } from "./output.ts";

function speaking(json: boolean) {
  const said = { out: "", err: "" };
  const hear = (stream: "out" | "err") => (text: string) => {
    said[stream] += text;
  };
  const streams = { out: hear("out"), err: hear("err") };
  return { said, speaker: { streams, command: "events show", json } };
}

const address = "postgres://shop:hunter2@db/shop";

describe("a result", () => {
  test("is its text for people", () => {
    const { said, speaker } = speaking(false);
    expect(writeResult(speaker, { data: { seq: 1n }, text: `at ${address}`, code: 1 })).toBe(1);
    expect(said).toEqual({ out: "at postgres://shop:***@db/shop\n", err: "" });
  });

  test("is one object for programs", () => {
    const { said, speaker } = speaking(true);
    expect(writeResult(speaker, { data: { seq: 1n }, text: "text" })).toBe(0);
    expect(said).toEqual({ out: '{"ok":true,"command":"events show","data":{"seq":"1"}}\n', err: "" });
  });

  test("is nothing where the command has written by itself", () => {
    for (const json of [true, false]) {
      const { said, speaker } = speaking(json);
      expect(writeResult(speaker, {})).toBe(0);
      expect(said).toEqual({ out: "", err: "" });
    }
  });
});

describe("a failure", () => {
  const error = new PolderError("EVENT_UNKNOWN", `No such event at ${address}.`, { id: "x" });

  test("is told with its code and page", () => {
    const { said, speaker } = speaking(false);
    expect(writeFailure(speaker, error)).toBe(2);
    expect(said.out).toBe("");
    expect(said.err).toBe(
      "polder events show: No such event at postgres://shop:***@db/shop.\n\nEVENT_UNKNOWN, see docs/errors/EVENT_UNKNOWN.md\n",
    );
  });

  test("is one object for programs", () => {
    const { said, speaker } = speaking(true);
    expect(writeFailure(speaker, error)).toBe(2);
    expect(said.err).toBe("");
    expect(JSON.parse(said.out)).toEqual({
      ok: false,
      command: "events show",
      error: {
        code: "EVENT_UNKNOWN",
        docs: "docs/errors/EVENT_UNKNOWN.md",
        details: { id: "x" },
        message: "No such event at postgres://shop:***@db/shop.",
      },
    });
  });

  test("that nobody has foreseen shows its stack, and no secret", () => {
    const { said, speaker } = speaking(false);
    expect(writeFailure(speaker, new TypeError(`no ${address}`))).toBe(3);
    expect(said.err).toMatch(/^polder events show: no postgres:\/\/shop:\*\*\*@db\/shop\n +at /);
    expect(writeFailure(speaker, "thrown")).toBe(3);
  });

  test("that could not run has another exit code than wrong usage", () => {
    const { speaker } = speaking(true);
    expect(writeFailure(speaker, new PolderError("POSTGRES_UNREACHABLE", "gone", {}))).toBe(3);
    expect(writeFailure(speaker, new PolderError("DOMAINS_INVALID", "wrong", {}))).toBe(2);
  });
});

test("a table has columns as wide as their widest cell, and no blanks at the end of a line", () => {
  expect(
    table(
      ["name", "n"],
      [
        ["longer name", "1"],
        ["x", ""],
      ],
    ),
  ).toBe("NAME         N\nlonger name  1\nx");
  expect(table(["name"], [])).toBe("NAME");
});

test("a line of JSON has big integers as texts", () => {
  expect(jsonLine({ seq: 9_007_199_254_740_993n })).toBe('{"seq":"9007199254740993"}\n');
});
