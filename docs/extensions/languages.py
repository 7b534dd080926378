"""Pages in two languages: page `ko/NAME` is the Korean of page `NAME`.

Every page says in its HTML which language it is in, and links to itself in the other one, where there is such a page.
The words that the theme puts around a page are Korean on Korean pages: Sphinx knows one language for a whole site.
"""
KOREAN = "ko/"
WORDS = {
    "Back to top": "맨 위로", "Breadcrumb": "현재 위치", "Collapse Sidebar": "사이드바 접기", "Color mode": "화면 색",
    "Dark": "어둡게", "Expand Sidebar": "사이드바 펼치기", "Home": "처음", "Light": "밝게", "On this page": "이 페이지의 차례",
    "Search": "검색", "Section Navigation": "문서 차례", "Site navigation": "사이트 메뉴", "Skip to main content": "본문으로 가기",
    "System Settings": "시스템 설정", "next": "다음", "next page": "다음 문서", "previous": "이전",
    "previous page": "이전 문서", "Table of Contents": "차례",
}
COPY_BUTTON = """Object.assign(messages.en, {copy: "복사", copy_to_clipboard: "클립보드에 복사", copy_success: "복사했습니다",
                                        copy_failure: "복사하지 못했습니다"})"""     # sphinx-copybutton's words


def setup(app):
    app.connect("html-page-context", tell_language)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def tell_language(app, page, template, context, doctree):
    """Sets the `lang` of the page, its `other_language`: the link to it, or None; and the theme's words in Korean."""
    korean = page.startswith(KOREAN)
    other = page.removeprefix(KOREAN) if korean else KOREAN + page
    context["language"] = "ko" if korean else "en"
    if korean:
        context["gettext"] = lambda words: WORDS.get(words, words)
        context["theme_search_bar_text"] = "문서 검색 ..."
        context["body"] = context.get("body", "").replace('"Link to this heading"', '"이 제목의 링크"')
        app.add_js_file(None, body=COPY_BUTTON, priority=900)
    context["other_language"] = None
    if other in app.env.all_docs:
        context["other_language"] = {"lang": "en" if korean else "ko", "words": "English" if korean else "한국어",
                                     "link": app.builder.get_relative_uri(page, other)}
