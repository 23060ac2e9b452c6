/** A name in one piece, as it is shown. */
export function fullName({ firstName, lastName }: { readonly firstName: string; readonly lastName: string }): string {
  return lastName === "" ? firstName : `${firstName} ${lastName}`;
}
