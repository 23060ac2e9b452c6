import { type Comparison, type ContractDocument, compareDocuments, nameOperationsAs } from "@polder/contracts";
import type { Project } from "@polder/runtime";
import { describeChanges } from "../contracts/place-finding.ts";
import { type ResolvedDocument, resolveDocument } from "../contracts/resolve-document.ts";
import { openCommandProject } from "./command-project.ts";
import { exitCode } from "./exit-code.ts";
import type { Work } from "./work.ts";

/** `polder contracts diff`: exit code 1 where the later one breaks users of the earlier one. */
export const diffContractsWork =
  (earlier: string, later: string): Work =>
  async (input) => {
    let opened: Promise<Project> | undefined;
    await using stack = new AsyncDisposableStack();
    const project = (): Promise<Project> => {
      opened ??= openCommandProject(input).then((found) => stack.use(found));
      return opened;
    };
    const from = await resolveDocument(earlier, { cwd: input.cwd, project });
    const to = await resolveDocument(later, { cwd: input.cwd, project });
    const compared = compareDocuments(from.document, laterOf(from, to));
    const code = compared.step === "major" ? exitCode.findings : exitCode.clean;
    return { data: compared, text: told(compared, { earlier, later }), code };
  };

/** A service may call itself otherwise from one version to the next, and its operations as well. */
function laterOf(from: ResolvedDocument, to: ResolvedDocument): ContractDocument {
  const { name } = from.document;
  const later = from.isForeign || to.isForeign ? { ...to.document, name } : to.document;
  const isService = from.document.kind === "api" && later.kind === "api" && from.isForeign && to.isForeign;
  return isService ? nameOperationsAs(from.document, later) : later;
}

function told(
  { step, findings }: Comparison,
  { earlier, later }: { readonly earlier: string; readonly later: string },
): string {
  if (findings.length === 0) return `${later} says the same as ${earlier}.`;
  return [`From ${earlier} to ${later}: a ${step} step.`, ...describeChanges(findings)].join("\n");
}
