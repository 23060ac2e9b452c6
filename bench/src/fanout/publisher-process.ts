import { answerParent, openedWith } from "../remote-process.ts";
import { openPublisher } from "./publisher.ts";
import type { Address } from "./set-up.ts";

// The process that publishes and relays.
const publisher = openPublisher(openedWith<Address>());
answerParent(publisher, publisher.close);
