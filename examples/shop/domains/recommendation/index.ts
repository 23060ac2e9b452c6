import { implement } from "polder";
import { boughtWith } from "./bought-with.ts";
import { countPairs } from "./count-pairs.ts";
import { recommendation } from "./domain.ts";
import { learnTitles } from "./learn-titles.ts";

export default implement(recommendation, {
  apis: { recommendation: { boughtWith } },
  subscriptions: [countPairs, learnTitles],
});
