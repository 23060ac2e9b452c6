import { isPolderError } from "@polder/model";
import { openProject } from "../src/index.ts";

// Loads a project as a program does, and tells what came of it: through a test runner's own loader, the errors of
// modules would be other ones.
const [file] = process.argv.slice(2);
try {
  await using project = await openProject({ from: process.cwd(), env: {}, ...(file === undefined ? {} : { file }) });
  tell({ domains: project.domains.map(({ name, migrations }) => ({ name, migrations: migrations.length })) });
} catch (error) {
  if (!isPolderError(error)) throw error;
  tell({ code: error.code, message: error.message, details: error.details });
}

function tell(told: unknown): void {
  process.stdout.write(JSON.stringify(told));
}
