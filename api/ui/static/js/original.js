// Opens a sealed original: a typed reason, which the audit log keeps.

import { call, get } from "./api.js";
import { dialog, field, h, select, show } from "./dom.js";
import { t, when } from "./i18n.js";

export async function openOriginal(incidentId) {
  const { evidence } = await get(`/api/incidents/${incidentId}`);
  const sealed = evidence.filter((row) => row.variant === "sealed" && row.deleted_at === null);
  const which = select(sealed.map((row) => [row.id, `${t(`kind.${row.kind}`)} · ${when(row.captured_at)}`]), sealed[0]?.id, () => {});
  const reason = h("textarea", { rows: 3, required: true, minLength: 10, maxLength: 500 });
  const shown = h("div", { class: "original" });
  const fault = h("p", { class: "bad", role: "alert" });
  dialog(t("original.title"), h("div", {}, h("p", {}, t("original.why")), field(t("original.which"), which), field(t("original.reason"), reason), fault, shown), [
    [t("close"), () => {}],
    [t("original.open"), async () => {
      fault.textContent = "";
      try {
        const answer = await call("POST", `/api/incidents/${incidentId}/evidence/${which.value}/original`, { reason: reason.value }, { raw: true });
        const blob = await answer.blob();
        const source = URL.createObjectURL(blob);
        show(shown, blob.type.startsWith("video/") ? h("video", { src: source, controls: true }) : h("img", { src: source, alt: t("original.title") }));
      } catch (error) {
        fault.textContent = error.message;
      }
      return false;
    }, "main"],
  ]);
  reason.focus();
}
