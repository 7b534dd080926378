/* The theme's arrows that open a part of the sidebar have no name for those who hear the page. */
document.addEventListener("DOMContentLoaded", () => {
    const words = document.documentElement.lang === "ko" ? "하위 문서" : "Pages below";
    document.querySelectorAll("summary:has(> .toctree-toggle)").forEach(arrow => arrow.setAttribute("aria-label", words));
});
