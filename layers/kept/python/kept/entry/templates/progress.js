// Looks how far a package is, and shows its page anew once it is made; without script, its link does that.
"use strict";
const progress = document.getElementById("progress");
let wait = 1500; // milliseconds; a little longer each time, since some packages take hours

async function look() {
  let status = "";
  try {
    const answer = await fetch(location.href, { headers: { Accept: "application/json" }, cache: "no-store" });
    status = answer.ok ? (await answer.json()).status : "gone"; // gone: its page says why
  } catch {
    status = progress.dataset.status; // no network: look again later
  }
  if (!["asked", "waiting", "making"].includes(status)) {
    progress.textContent = progress.dataset[status] ?? progress.textContent;
    location.reload();
    return;
  }
  if (status !== progress.dataset.status) {
    progress.dataset.status = status;
    progress.textContent = progress.dataset[status];
  }
  wait = Math.min(wait * 1.3, 20000);
  setTimeout(look, wait);
}

setTimeout(look, wait);
