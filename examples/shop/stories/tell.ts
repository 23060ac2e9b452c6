import { setStage } from "./stage.ts";
import { stories } from "./stories.ts";

// `npm run story -- <name>`: tells a story, or all of them.

const names = process.argv.slice(2);
const unknown = names.filter((name) => !Object.hasOwn(stories, name));
if (unknown.length > 0) {
  process.stderr.write(`There is no story ${unknown.join(", ")}; there are ${Object.keys(stories).join(", ")}.\n`);
  process.exitCode = 2;
} else {
  for (const [name, story] of Object.entries(stories)) {
    if (names.length > 0 && !names.includes(name)) continue;
    process.stdout.write(`\n${story.title}\n\n`);
    await using stage = await setStage((line) => process.stdout.write(line));
    await story.tell(stage);
  }
  process.stdout.write("\n");
}
