// Tells the page around a widget how high it is: as AMP hears it, as Pym.js hears
// it, and in words of our own.
(() => {
  "use strict";
  if (window.parent === window) return;
  const id = new URLSearchParams(location.search).get("childId") ?? "";
  let told = 0;
  function tell() {
    const height = Math.ceil(document.body.getBoundingClientRect().height);
    if (height === told || height === 0) return;
    told = height;
    for (const message of [
      { sentinel: "amp", type: "embed-size", height },
      `pymxPYMx${id}xPYMxheightxPYMx${height}`,
      { type: "faultline:height", id, height },
    ]) window.parent.postMessage(message, "*"); // nothing in it is anybody's secret
  }
  new ResizeObserver(tell).observe(document.body);
  addEventListener("load", tell);
  // Who comes late may ask.
  addEventListener("message", (event) => {
    if (event.source !== window.parent || event.data !== "faultline:height?") return;
    told = 0;
    tell();
  });
  tell();
})();
