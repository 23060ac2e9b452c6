/** The password in an address such as `postgres://user:password@host`. */
const inAddress = /\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@"]*):[^\s"]*@/gi;

/** A text without the passwords of addresses in it: for whatever a person or a log reads. */
export function maskSecrets(text: string): string {
  return text.replaceAll(inAddress, "$1:***@");
}
