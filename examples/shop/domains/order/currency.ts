/** The shop sells in one currency, as ISO 4217 writes it. */
export const currency = "EUR";
