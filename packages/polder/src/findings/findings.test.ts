import { expect, test } from "vitest";
import { annotationsOf } from "./annotations.ts";
import type { Reported } from "./reported.ts";
import { sarifOf } from "./sarif.ts";
import { toldFindings } from "./told.ts";

const finding: Reported = {
  rule: "frozen-changed",
  severity: "error",
  file: "domains/a b/contract.ts",
  line: 7,
  message: "a 1.0.0, at 100 %, is declared otherwise",
  wayOut: "Declare it as it was.",
  details: ["major  x: y"],
};

test("for people: where, what, and the way out", () => {
  expect(toldFindings([finding])).toBe(
    [
      "error  frozen-changed  domains/a b/contract.ts:7",
      "  a 1.0.0, at 100 %, is declared otherwise.",
      "    major  x: y",
      "  What to do: Declare it as it was.",
    ].join("\n"),
  );
});

test("for GitHub: one line, what would end the command escaped", () => {
  expect(annotationsOf([finding, { ...finding, severity: "note", file: "a,b:c.ts", details: [] }])).toBe(
    [
      "::error file=domains/a b/contract.ts,line=7,title=frozen-changed::a 1.0.0, at 100 %25, is declared otherwise.%0Amajor  x: y%0ADeclare it as it was.",
      "::notice file=a%2Cb%3Ac.ts,line=7,title=frozen-changed::a 1.0.0, at 100 %25, is declared otherwise.%0ADeclare it as it was.",
    ].join("\n"),
  );
});

test("as SARIF: a rule once, places as URIs", () => {
  const text = "It changed.";
  const help = { text: `${text} See docs/p.md.` };
  const rule = { id: "frozen-changed", shortDescription: { text }, fullDescription: help, help };
  expect(
    sarifOf([finding, finding], { tool: "t", rules: { "frozen-changed": "It changed." }, page: "docs/p.md" }),
  ).toMatchObject({
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "t", rules: [rule] } },
        results: [
          {
            ruleId: "frozen-changed",
            ruleIndex: 0,
            level: "error",
            locations: [
              {
                physicalLocation: {
                  artifactLocation: { uri: "domains/a%20b/contract.ts" },
                  region: { startLine: 7 },
                },
              },
            ],
          },
          {},
        ],
      },
    ],
  });
});
