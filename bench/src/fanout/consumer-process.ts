import { answerParent, openedWith } from "../remote-process.ts";
import { openConsumer } from "./consumer.ts";
import type { Address } from "./set-up.ts";

// A process that consumes.
const consumer = openConsumer(openedWith<Address>());
answerParent(consumer, consumer.close);
