import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Contract } from "polder";
import { expect, test } from "vitest";
import { shop } from "./domains/all-domains.ts";

// What the README shows of the domains is what they declare.

const readme = readFileSync(join(import.meta.dirname, "README.md"), "utf8");

test("the table of the README shows the domains as they are declared", () => {
  const rows = shop.map(({ domain: { name, owner, capability, publishes, needs } }) => {
    const uses = needs.map(({ contract }) => titleOf(contract));
    const cells = [`[${name}](domains/${name}/contract.ts)`, owner.name, capability, publishes.map(titleOf), uses];
    return `| ${cells.map((cell) => (typeof cell === "string" ? cell : cell.join(", "))).join(" | ")} |`.replace(
      "|  |",
      "| |",
    );
  });
  expect(readme.split("\n").filter((line) => line.startsWith("| [") && !line.startsWith("| [`"))).toEqual(rows);
});

test("the dotted arrows of the README are the events that domains need", () => {
  const arrows = shop.flatMap(({ domain: { name, needs } }) =>
    needs
      .filter(({ contract }) => contract.kind === "event")
      .map(({ contract }) => `${publisherOf(contract)} ${titleOf(contract)} ${name}`),
  );
  const shown = [...readme.matchAll(/^ +(\w+) -\. (.+) \.-> (\w+)$/gm)].flatMap(([, from, events = "", to]) =>
    events.split(", ").map((event) => `${from} ${event} ${to}`),
  );
  expect(shown.toSorted()).toEqual(arrows.toSorted());
});

test("the solid arrows of the README are the APIs that domains need, with operations of theirs", () => {
  const arrows = shop.flatMap(({ domain: { name, needs } }) =>
    needs
      .filter(({ contract }) => contract.kind === "api")
      .map(({ contract }) => ({ arrow: `${name} ${publisherOf(contract)}`, contract })),
  );
  const shown = [...readme.matchAll(/^ +(\w+) -- (.+) --> (\w+)$/gm)].map(([, from, operations = "", to]) => ({
    arrow: `${from} ${to}`,
    operations: operations.split(", "),
  }));
  expect(shown.map(({ arrow }) => arrow).toSorted()).toEqual(arrows.map(({ arrow }) => arrow).toSorted());
  for (const { arrow, operations } of shown) {
    const contract = arrows.find((other) => other.arrow === arrow)?.contract;
    const declared = Object.values(contract?.versions ?? {}).flatMap((version) => Object.keys(version));
    expect(declared).toEqual(expect.arrayContaining(operations));
  }
});

function publisherOf({ name }: Contract): string {
  return name.split(".", 1)[0] ?? "";
}

/** As it is called in the code: Inventory for the API inventory, OrderPlaced for the event order.OrderPlaced. */
function titleOf({ name }: Contract): string {
  const title = name.split(".").at(-1) ?? "";
  return title.charAt(0).toUpperCase() + title.slice(1);
}
