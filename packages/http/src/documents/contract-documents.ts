import {
  type ApiDocument,
  asyncApiOf,
  changelogOf,
  describeContract,
  type SchemaDraft,
  schemaOf,
  stableJson,
} from "@polder/contracts";
import { type AnyApi, type Contract, type Domain, sortedVersions } from "@polder/model";
import { openApiOf, operationsFor } from "./open-api.ts";
import type { Audience } from "./possible-problems.ts";

/** A document about what a domain publishes: what it is, where it belongs, and its text, made when it is asked for. */
export interface ContractDocumentFile {
  readonly kind: "openapi" | "asyncapi" | "schema" | "changelog";
  readonly domain: string;
  /** The contract that it is about; the document about all events of a domain has none. */
  readonly contract?: string;
  readonly version?: string;
  /** Whose view it is, of OpenAPI documents. */
  readonly audience?: Audience;
  /** The dialect of a schema. */
  readonly draft?: SchemaDraft;
  /** In a folder of documents: `openapi/inventory-1.0.0.json`. */
  readonly file: string;
  /** At a gateway: `/contracts/inventory/1.0.0/openapi.json`. */
  readonly path: string;
  readonly mediaType: string;
  readonly text: () => string;
}

/** Which documents. */
export interface ContractDocumentsOptions {
  /** For the `gateway` what the contracts open to the outside, and nothing else; for `domains` all. */
  readonly audience: Audience;
  /** Base URLs of the gateway, for the OpenAPI documents of those who come through it. Default: where they come from. */
  readonly servers?: readonly string[];
}

/**
 * The documents about what some domains publish: OpenAPI for each version of an API, AsyncAPI for each domain, JSON
 * Schemas for each version of a contract, and a changelog for each contract.
 */
export function contractDocuments(
  domains: readonly Domain[],
  options: ContractDocumentsOptions,
): readonly ContractDocumentFile[] {
  return domains.flatMap((domain) => {
    const ofContracts = domain.publishes.flatMap((contract) => documentsOf(contract, domain, options));
    const hasEvents = [...domain.publishes, ...domain.needs.map(({ contract }) => contract)].some(
      ({ kind }) => kind === "event",
    );
    return options.audience === "gateway" || !hasEvents ? ofContracts : [...ofContracts, asyncApiFile(domain)];
  });
}

/** What there is, without the texts; `at` says whether it is found in a folder or at a gateway. */
export function documentsIndex(files: readonly ContractDocumentFile[], at: "file" | "path"): string {
  const documents = files.map(({ file, path, mediaType, text: _, ...named }) => ({
    ...named,
    mediaType,
    href: at === "file" ? file : path,
  }));
  return stableJson({ documents });
}

function documentsOf(
  contract: Contract,
  domain: Domain,
  options: ContractDocumentsOptions,
): readonly ContractDocumentFile[] {
  const { audience } = options;
  const files = sortedVersions(contract.versions).flatMap((version) => [
    ...(contract.kind === "api" ? openApiFiles(contract, version, { ...options, domain }) : []),
    ...schemaFiles(contract, version, { domain, audience }),
  ]);
  if (audience === "gateway") return files;
  const changelog: ContractDocumentFile = {
    kind: "changelog",
    domain: domain.name,
    contract: contract.name,
    file: `changelog/${contract.name}.md`,
    path: `${DOCUMENTS_PATH}/${contract.name}/changelog.md`,
    mediaType: "text/markdown; charset=utf-8",
    text: () => changelogOf(contract, { owner: domain.owner }),
  };
  return [...files, changelog];
}

/** Below this the gateway serves documents; no domain has such a name. */
export const DOCUMENTS_PATH = "/contracts";

function openApiFiles(
  api: AnyApi,
  version: string,
  { domain, audience, servers }: ContractDocumentsOptions & { readonly domain: Domain },
): readonly ContractDocumentFile[] {
  const isOpen = operationsFor(describeContract(api, version) as ApiDocument, "gateway").length > 0;
  const audiences = (["gateway", "domains"] as const).filter((one) =>
    one === "gateway" ? isOpen : audience === "domains",
  );
  return audiences.map((one) => {
    const mark = one === "gateway" ? "" : ".domains";
    return {
      kind: "openapi",
      domain: domain.name,
      contract: api.name,
      version,
      audience: one,
      file: `openapi/${api.name}-${version}${mark}.json`,
      path: `${DOCUMENTS_PATH}/${api.name}/${version}/openapi${mark}.json`,
      mediaType: "application/json",
      text: () =>
        stableJson(
          openApiOf(api, version, {
            audience: one,
            domain,
            ...(one === "domains" || servers === undefined ? {} : { servers }),
          }),
        ),
    };
  });
}

function schemaFiles(
  contract: Contract,
  version: string,
  { domain, audience }: { readonly domain: Domain; readonly audience: Audience },
): readonly ContractDocumentFile[] {
  const whole = describeContract(contract, version);
  if (audience === "gateway" && (whole.kind === "event" || operationsFor(whole, audience).length === 0)) return [];
  const seen =
    whole.kind === "event" ? whole : { ...whole, operations: Object.fromEntries(operationsFor(whole, audience)) };
  return (["2020-12", "draft-07"] as const).map((draft) => {
    const mark = draft === "draft-07" ? ".draft-07" : "";
    return {
      kind: "schema",
      domain: domain.name,
      contract: contract.name,
      version,
      draft,
      file: `schemas/${contract.name}-${version}${mark}.json`,
      path: `${DOCUMENTS_PATH}/${contract.name}/${version}/schema${mark}.json`,
      mediaType: "application/schema+json",
      text: () => stableJson(schemaOf(seen, draft)),
    };
  });
}

function asyncApiFile(domain: Domain): ContractDocumentFile {
  return {
    kind: "asyncapi",
    domain: domain.name,
    file: `asyncapi/${domain.name}.json`,
    path: `${DOCUMENTS_PATH}/${domain.name}/asyncapi.json`,
    mediaType: "application/json",
    text: () => stableJson(asyncApiOf(domain)),
  };
}
