"""The embedded forum: a Postmill-like site with the routes that WebArena calls `reddit`."""

from environment.sites.reddit.site import RedditSite

__all__ = ["RedditSite"]
