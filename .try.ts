import { readFileSync } from "node:fs";
import { resultsOf, rowsOf } from "./core/results.ts";
import { wordsOf } from "./core/words.ts";
import { textTable } from "./core/tables/text.ts";
import { markdownTable } from "./core/tables/markdown.ts";
import { latexTable } from "./core/tables/latex.ts";
import { csvTable } from "./core/tables/csv.ts";
const f = JSON.parse(readFileSync("/work/shared/fixtures/gil/gil_run.json","utf8"));
const events: any[] = [{type:"started",experiment:"fixture",methods:["baseline","replay","distill","oracle"],seeds:[0,1,2],engine:"torch",cells:3608,genes:2000,steps:746*9,stages:[{name:"base",genes:1952,cells:1804},{name:"T1",genes:25,cells:902},{name:"T2",genes:23,cells:902}],evaluators:[{name:"regression loss",unit:"log1p units squared",better:"lower"}, ...(Deno.args[0]?[{name:"classification accuracy",unit:"share of cells",better:"higher"}]:[])]}];
for (const r of f.rows) { const p=(own:number,after:number,value:number)=>{events.push({type:"score",score:{method:r.method,seed:r.seed,trial:0,evaluator:"regression loss",set:"T"+own,own,after,value}}); if(Deno.args[0]) events.push({type:"score",score:{method:r.method,seed:r.seed,trial:0,evaluator:"classification accuracy",set:"T"+own,own,after,value:1-value/4}})};
 p(1,1,r.T1_after_stage1); p(1,2,r.T1_after_stage2_union); p(2,2,r.T2_after_stage2_union); if (r.method=="baseline") {events.push({type:"score",score:{method:"oracle",seed:r.seed,trial:0,evaluator:"regression loss",set:"T1",own:1,after:2,value:.39}})}}
const R = resultsOf(events)!;
for (const w of [120,80,60]) { console.log(w); console.log(textTable(R,w).join("\n")); }
console.log(wordsOf(R).join("\n"));
console.log(markdownTable(R).join("\n")); console.log(latexTable(R).join("\n")); console.log(csvTable(R).join("\n"));
