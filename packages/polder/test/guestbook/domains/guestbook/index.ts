// #region implementation
import { implement } from "polder";
import { guestbook } from "./domain.ts";
import { entries } from "./read-entries.ts";
import { sign } from "./sign-book.ts";

export default implement(guestbook, { apis: { guestbook: { sign, entries } } });
// #endregion implementation
