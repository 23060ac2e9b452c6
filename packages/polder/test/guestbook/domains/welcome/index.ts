import { implement } from "polder";
import { welcome } from "./domain.ts";
import { greetGuests } from "./greet-guests.ts";
import { greeted } from "./who-was-greeted.ts";

export default implement(welcome, { apis: { welcome: { greeted } }, subscriptions: [greetGuests] });
