// The page of the example: says where the system is and gives the tokens. In an application, its own server issues the
// token of whoever is signed in. Two windows: ?as=alice&with=bob and ?as=bob&with=alice.
const { as = "alice", with: other = "bob" } = Object.fromEntries(new URLSearchParams(location.search));
const { httpUrl, webSocketUrl, devTokenUrl } = await (await fetch("/config.json")).json();

const chatWindow = document.querySelector("lambda-chat-window");
chatWindow.token = async (reason, { signal }) => {
  const answer = await fetch(devTokenUrl, { method: "POST", body: JSON.stringify({ userId: as }), signal });
  return (await answer.json()).token;
};
chatWindow.setAttribute("http-url", httpUrl);
chatWindow.setAttribute("web-socket-url", webSocketUrl);
chatWindow.setAttribute("user-id", as);
chatWindow.setAttribute("with", other);
