// Hands over the token of the link, which is in the fragment, so that no server and no log sees it,
// and goes on to the page that was opened for it.
const token = new URLSearchParams(location.hash.slice(1)).get("token");
history.replaceState(null, "", location.pathname);
if (token) {
  const answer = await fetch("./session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token }),
  }).catch(() => null);
  if (answer?.ok) location.replace(`./${(await answer.json()).page}`);
  else
    document.getElementById("told").textContent = answer
      ? "This link was used before, or its server has ended."
      : "The local stream does not answer.";
}
