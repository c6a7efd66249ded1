/** The table of pages: address, name, icon, keys, code. Home is in the first load, the others come when they are opened. */
import type { ComponentType } from "preact";
import type { IconName } from "../ui/Icon";
import { Home } from "../home/Home";

export interface Page {
  path: string;
  title: string;
  icon: IconName;
  key: string;
  load: () => Promise<ComponentType> | ComponentType;
}

export const PAGES: readonly Page[] = [
  { path: "/", title: "Home", icon: "home", key: "h", load: () => Home },
  { path: "/explore", title: "Explore", icon: "explore", key: "e", load: () => import("../explore/Explore").then((m) => m.Explore) },
  { path: "/alerts", title: "Alerts", icon: "alerts", key: "a", load: () => import("../alerts/Alerts").then((m) => m.Alerts) },
  { path: "/history", title: "History", icon: "clock", key: "i", load: () => import("../history/History").then((m) => m.HistoryPage) },
  { path: "/silences", title: "Silences", icon: "silences", key: "s", load: () => import("../silences/Silences").then((m) => m.Silences) },
  { path: "/targets", title: "Targets", icon: "targets", key: "t", load: () => import("../targets/Targets").then((m) => m.TargetsPage) },
  { path: "/storage", title: "Storage", icon: "storage", key: "d", load: () => import("../storage/Storage").then((m) => m.Storage) },
];
