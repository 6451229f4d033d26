// The page for newsrooms: copy buttons, and the preview as high as what is in it.
// Without this script the snippets can be chosen by hand.
(() => {
  "use strict";
  const said = document.getElementById("said");
  for (const button of document.querySelectorAll("button.copy")) {
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const from = document.getElementById(button.dataset.copy);
      from.select();
      try {
        await navigator.clipboard.writeText(from.value);
      } catch {
        if (!document.execCommand("copy")) return; // it is chosen: the reader's keys copy it
      }
      button.textContent = said.textContent = button.dataset.copied;
      setTimeout(() => { button.textContent = label; }, 2000);
    });
  }
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
