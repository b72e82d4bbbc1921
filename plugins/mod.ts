/** Every plugin in the box, in the order in which a batch meets them. @module */
export { atlas } from "./sources/atlas.ts";
export { synthetic } from "./sources/synthetic.ts";
export { importantGenes } from "./curricula/important_genes.ts";
export { randomGenes } from "./curricula/random_genes.ts";
export { listed } from "./curricula/listed.ts";
export { log1p } from "./transforms/log1p.ts";
export { librarySize } from "./transforms/library_size.ts";
export { bin } from "./transforms/bin.ts";
export { uniform } from "./samplers/uniform.ts";
export { longTail } from "./samplers/long_tail.ts";
export { reservoir } from "./replays/reservoir.ts";
export { geneDistillation } from "./distillers/gene_distillation.ts";
export { featureDistillation } from "./distillers/feature_distillation.ts";
export { transformer } from "./architectures/transformer.ts";
export { geneRegression } from "./evaluators/gene_regression.ts";
export { geneClassification } from "./evaluators/gene_classification.ts";
