export { closedEnum, type OpenEnum, openEnum } from "./enums.ts";
