/** Somebody from outside on whose behalf something is done: proven at the gateway, and carried along from there. */
export interface User {
  /** Who it is, as the issuer of the token names them: the claim `sub`. */
  readonly subject: string;
  /** Who says so: the claim `iss`. A subject means something together with its issuer only. */
  readonly issuer: string;
}
