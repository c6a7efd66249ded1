import { render } from "preact";
import "./ui/tokens.css";
import "./ui/base.css";
import "./frame/frame.css";
import { App } from "./frame/App";
import { startLive } from "./state/live";
import { onLinkClick, startRouter } from "./state/router";
import { onKey } from "./state/shortcuts";
import { startTheme } from "./state/theme";

startTheme();
startRouter();
addEventListener("click", onLinkClick);
addEventListener("keydown", onKey);
render(<App />, document.getElementById("app")!);
startLive();
