import { type Domain, declaredNeed, domainOf, GATEWAY, majorOf } from "@polder/model";
import type { CallRequest } from "../call.ts";
import { httpErrors } from "../errors.ts";
import type { Route } from "../operation-table.ts";

/** Decides who may call an operation; throws where the caller may not. */
export type AdmitCaller = (call: CallRequest, route: Route) => void;

/**
 * Lets domains call what they have declared to need, at the major version at which they have declared it, and the gateway what a
 * contract opens to the outside. The declarations are asked for at each call: they change while a process runs.
 *
 * @throws (the result) `CALLER_MISSING` for a call without a caller, `CALLER_UNDECLARED` for one that may not.
 */
export function admitDeclared(declarations: () => readonly Domain[]): AdmitCaller {
  return ({ caller }, route) => {
    const { api, operation, major } = route;
    if (caller === undefined) {
      throw httpErrors.CALLER_MISSING(
        `Nobody says who calls ${api}.${operation}. Call from a handler, or name the caller of the client.`,
        { api, operation },
      );
    }
    const details = { caller, api, operation };
    if (caller === GATEWAY) {
      if (route.declared.access !== undefined) return;
      throw httpErrors.CALLER_UNDECLARED(
        `${api}.${operation} is not open to the outside, so the gateway may not call it. Give it an access in its contract, if that is wanted.`,
        details,
      );
    }
    const domain = declarations().find(({ name }) => name === caller);
    const need = domain === undefined ? undefined : declaredNeed(domain, api);
    if (need !== undefined && majorOf(need.version) === major) return;
    throw httpErrors.CALLER_UNDECLARED(
      domain === undefined
        ? `"${caller}" calls ${api}.${operation}, but "${domainOf(api)}" knows no domain of that name. Roll out the declaration of "${caller}" to the processes of "${domainOf(api)}" first.`
        : `"${caller}" calls ${api}.${operation} without having declared that it needs "${api}" at version ${major}. Add need(…) to its declaration if this coupling is wanted, and roll that out to the processes of "${domainOf(api)}" as well.`,
      details,
    );
  };
}
