import { implement } from "polder";
import { catalog } from "./domain.ts";
import { products } from "./products-by-page.ts";

export default implement(catalog, { apis: { catalog: { products } } });
