import { implement } from "polder";
import { describe } from "./describe-product.ts";
import { catalog } from "./domain.ts";
import { product } from "./product-by-sku.ts";

export default implement(catalog, { apis: { catalog: { product, describe } } });
