import type { Command } from "commander";
import type { Work } from "./work.ts";

/** A shell that can complete the command. */
export type Shell = "bash" | "zsh" | "fish";

/** `polder completion`: the script that a shell reads to complete the command, made of the command line itself. */
export function completionWork(shell: Shell, program: Command): Work {
  return async () => {
    const script = scripts[shell](placesOf(program));
    return { data: { shell, script }, text: script };
  };
}

/** A word that can come next. */
interface Word {
  readonly word: string;
  readonly description: string;
}

/** A command on the way through the command line, and what can come after it. */
interface Place {
  /** The words of the command, with blanks between them; empty for the program itself. */
  readonly path: string;
  readonly commands: readonly Word[];
  readonly options: readonly Word[];
  /** The values of arguments and options that have a fixed choice, by option; without one by "". */
  readonly choices: ReadonlyMap<string, readonly string[]>;
}

/** All commands, the program itself first. */
function placesOf(program: Command): readonly Place[] {
  const global = optionsOf(program);
  const visit = (command: Command, path: string): readonly Place[] => {
    const below = command.commands.map((child) => ({ child, word: child.name() }));
    const choices = [
      ...command.options.map(({ long, argChoices }) => [long ?? "", argChoices ?? []] as const),
      ["", command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? [])] as const,
    ];
    return [
      {
        path,
        commands: below.map(({ child, word }) => ({ word, description: child.description() })),
        options: command === program ? global : [...optionsOf(command), ...global],
        choices: new Map(choices.filter(([, values]) => values.length > 0)),
      },
      ...below.flatMap(({ child, word }) => visit(child, `${path} ${word}`.trim())),
    ];
  };
  return visit(program, "");
}

function optionsOf(command: Command): readonly Word[] {
  return command.options.map(({ long, short, description }) => ({ word: long ?? short ?? "", description }));
}

/** Steps from command to command over the words that were typed, in bash and zsh. */
function walk(places: readonly Place[]): string {
  const paths = places.filter(({ path }) => path !== "").map(({ path }) => JSON.stringify(path));
  return `    case "\${at:+$at }$word" in
      ${paths.join(" | ")}) at="\${at:+$at }$word" ;;
    esac`;
}

const scripts: Readonly<Record<Shell, (places: readonly Place[]) => string>> = {
  bash: (places) => `# Completion of polder for bash: eval "$(polder completion bash)"
_polder() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD - 1]}" at="" word words=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
${walk(places)}
  done
  case "$at:$before" in
${choicesOf(places)
  .map(({ path, option, values }) => `    "${path}:${option}") words="${values.join(" ")}" ;;`)
  .join("\n")}
  esac
  if [[ -z "$words" ]]; then
    case "$at" in
${places
  .map(({ path, commands, options, choices }) => {
    const all = [...commands, ...options].map(({ word }) => word);
    return `      "${path}") words="${[...(choices.get("") ?? []), ...all].join(" ")}" ;;`;
  })
  .join("\n")}
    esac
    # Options are offered when one is begun, or where nothing else can come.
    [[ "$current" != -* && "$words" == [!-]* ]] && words="\${words%% --*}"
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _polder polder`,
  zsh: (places) => `#compdef polder
# Completion of polder for zsh: eval "$(polder completion zsh)"
_polder() {
  local at="" word before="\${words[CURRENT - 1]}"
  local -a found
  for word in "\${(@)words[2,CURRENT - 1]}"; do
${walk(places)}
  done
  case "$at:$before" in
${choicesOf(places)
  .map(({ path, option, values }) => `    "${path}:${option}") found=(${values.map(single).join(" ")}) ;;`)
  .join("\n")}
  esac
  if (( ! \${#found} )); then
    case "$at" in
${places
  .map(({ path, commands, options, choices }) => {
    const described = [...commands, ...options].map(
      ({ word, description }) => `${word}:${description.replaceAll(":", "\\:")}`,
    );
    return `      "${path}") found=(${[...(choices.get("") ?? []), ...described].map(single).join(" ")}) ;;`;
  })
  .join("\n")}
    esac
  fi
  _describe polder found
}
(( \${+functions[compdef]} )) && compdef _polder polder`,
  fish: (places) => `# Completion of polder for fish: polder completion fish | source
function __polder_at
  set -l at
  for word in (commandline -opc)[2..]
    set -l next (string trim "$at $word")
    contains -- $next ${places
      .filter(({ path }) => path !== "")
      .map(({ path }) => single(path))
      .join(" ")}; and set at $next
  end
  test "$at" = "$argv[1]"
end
${places.flatMap(fishLines).join("\n")}`,
};

interface Choice {
  readonly path: string;
  readonly option: string;
  readonly values: readonly string[];
}

function choicesOf(places: readonly Place[]): readonly Choice[] {
  return places.flatMap(({ path, choices }) =>
    [...choices].filter(([option]) => option !== "").map(([option, values]) => ({ path, option, values })),
  );
}

function fishLines({ path, commands, options, choices }: Place): readonly string[] {
  const here = `complete -c polder -n ${single(`__polder_at ${single(path)}`)}`;
  return [
    ...commands.map(({ word, description }) => `${here} -f -a ${word} -d ${single(description)}`),
    ...(choices.get("") ?? []).map((value) => `${here} -f -a ${value}`),
    ...options.map(({ word, description }) => {
      const values = choices.get(word);
      return `${here} -l ${word.replace(/^--/, "")}${values === undefined ? "" : ` -x -a ${single(values.join(" "))}`} -d ${single(description)}`;
    }),
  ];
}

/** A text in single quotes, as all three shells read it. */
function single(text: string): string {
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}
