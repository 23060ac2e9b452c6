/** Writes the generated parts of the documentation: `npm run format`. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { layers } from "../../architecture.ts";
import { generatedDocuments } from "./generated.ts";
import { readRepository, repositoryRoot } from "./repository.ts";

const tree = await readRepository();
for (const [path, text] of generatedDocuments(tree, layers)) {
  if (tree.get(path) !== text) await writeFile(join(repositoryRoot, path), text);
}
