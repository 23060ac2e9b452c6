import { expect, test } from "vitest";
import { setStage } from "../stories/stage.ts";
import { stories } from "../stories/stories.ts";

test.each(Object.entries(stories))("the story %s holds as it is told", { timeout: 150_000 }, async (_name, story) => {
  const told: string[] = [];
  await using stage = await setStage((line) => told.push(line));
  await story.tell(stage);
  expect(told.filter((line) => line.includes("✓")).length).toBeGreaterThan(3);
});
