"""What messages say: a Jinja2 template for each kind of news, in a folder for each language."""

from watcher.notify.texts.texts import FEW, MANY, TEMPLATES, Texts, TextsError, texts_of

__all__ = ["FEW", "MANY", "TEMPLATES", "Texts", "TextsError", "texts_of"]
