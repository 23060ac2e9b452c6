import type { Logger } from "@polder/model";
import { openProject, type Project, type ProjectDatabase } from "@polder/runtime";
import type { CommandInput } from "./work.ts";

/** Opens the project that a command is about. The caller disposes it. */
export async function openCommandProject({ config, cwd, env }: CommandInput, logger?: Logger): Promise<Project> {
  return await openProject({
    ...(config === undefined ? {} : { file: config }),
    from: cwd,
    env,
    ...(logger === undefined ? {} : { logger }),
  });
}

/** The database of a project in which all its domains have their homes; throws `NOT_PROVISIONED`. */
export async function provisionedDatabase(project: Project): Promise<ProjectDatabase> {
  const database = await project.database();
  await database.requireHomes();
  return database;
}
