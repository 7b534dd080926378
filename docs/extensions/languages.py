"""Pages in two languages: page `ko/NAME` is the Korean of page `NAME`.

Every page says in its HTML which language it is in, and links to itself in the other one, where there is such a page.
"""
KOREAN = "ko/"


def setup(app):
    app.connect("html-page-context", tell_language)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def tell_language(app, page, template, context, doctree):
    """Sets the `lang` of the page, and `other_language`: its link to the other language, or None."""
    korean = page.startswith(KOREAN)
    other = page.removeprefix(KOREAN) if korean else KOREAN + page
    context["language"] = "ko" if korean else "en"
    context["other_language"] = None
    if other in app.env.all_docs:
        context["other_language"] = {"lang": "en" if korean else "ko", "words": "English" if korean else "한국어",
                                     "link": app.builder.get_relative_uri(page, other)}
