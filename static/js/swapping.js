// How htmx works here: it runs nothing that came as text, keeps no pages, and what it puts into a page acts at once.
"use strict";

Object.assign(htmx.config, {
  includeIndicatorStyles: false,
  allowEval: false,
  allowScriptTags: false,
  historyCacheSize: 0,
  refreshOnHistoryMiss: true,
  defaultSwapStyle: "outerHTML",
  defaultSettleDelay: 0, // a button is pressed in the moment it comes
  attributesToSettle: [], // to carry a style over would be against our policy for content
  responseHandling: [
    { code: "204", swap: false },
    { code: "[23]..", swap: true },
    { code: "403|404|409|422", swap: true },
    { code: "...", swap: false, error: true },
  ],
});
