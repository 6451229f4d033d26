// The page for newsrooms: the preview is as high as what is in it.
(() => {
  "use strict";
  const frame = document.getElementById("preview-frame");
  addEventListener("message", (event) => {
    if (event.source === frame.contentWindow && event.data?.type === "faultline:height") {
      frame.style.height = `${Math.min(Number(event.data.height) + 2, 5000)}px`;
    }
  });
  frame.contentWindow?.postMessage("faultline:height?", "*");
  const form = document.getElementById("take-form");
  form.addEventListener("change", (event) => {
    if (event.target.type !== "text") form.requestSubmit();
  });
})();
