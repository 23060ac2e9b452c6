/** POST requests that ask and change nothing: whether a schema is there, and whether it would be taken. */
const asking = /^(?:\/contexts\/[^/]+)?\/(?:compatibility\/.+|subjects\/[^/]+)$/;

/** Says whether a request to the registry only reads; by its method, and its path below the registry. */
export function isReading({ method, path }: { readonly method: string; readonly path: string }): boolean {
  return method === "GET" || method === "HEAD" || (method === "POST" && asking.test(path));
}
