import { api, domain, need, query, team } from "@polder/model";
import { expect, test } from "vitest";
import { urlProblems } from "./url-problems.ts";

const shape = { owner: team("Clerks", { contact: "#clerks" }), capability: "Take orders" };
const FarAway = api("far-away", { versions: { "1.0.0": { ask: query("GET /ask") } } });
const domains = [domain("order", { ...shape, needs: [need(FarAway, "1.0.0")] }), domain("payment", shape)];

test("an address is that of a domain of the project, or of one that is called", () => {
  const urls = { order: "http://a", payment: "http://b", "far-away": "http://c" };
  expect(urlProblems(urls, domains)).toEqual([]);
  expect(urlProblems(undefined, domains)).toEqual([]);
});

test("any other is refused, with the names that there are", () => {
  expect(urlProblems({ order: "http://a", paymnet: "http://b", far_away: "http://c" }, domains)).toEqual([
    {
      place: "urls.paymnet",
      problem:
        '"paymnet" is no domain of this project, and nobody here needs an API of it; there are order, payment, far-away',
    },
    {
      place: "urls.far_away",
      problem:
        '"far_away" is no domain of this project, and nobody here needs an API of it; there are order, payment, far-away',
    },
  ]);
});
