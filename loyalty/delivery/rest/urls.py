"""Addresses of delivery: the contact policy, and the signed links in messages, open to everyone who holds one."""

from django.urls import URLPattern, path

from loyalty.delivery.rest import budgets, contacting, hooks, inbox, preferences, sends, templates, views

routes: list[tuple[str, type, str]] = [
    ("messageBudgets", budgets.MessageBudgetViewSet, "message-budgets"),
    ("suppressions", contacting.SuppressionViewSet, "suppressions"),
    ("sends", sends.SendViewSet, "sends"),
    ("messageTemplates", templates.MessageTemplateViewSet, "message-templates"),
]
paths: list[URLPattern] = [
    path("customers/<str:id>/inbox/", inbox.InboxView.as_view(), name="customer-inbox"),
    path("customers/<str:id>/inbox/<str:item>/", inbox.InboxItemView.as_view(), name="customer-inbox-item"),
    path("messageCosts/", budgets.MessageCostsView.as_view(), name="message-costs"),
    path("contactPolicy/", contacting.ContactPolicyView.as_view(), name="contact-policy"),
]
root_paths = [
    path("hooks/<str:channel>/<str:provider>", hooks.told, name="delivery-hook"),
    path("t/o/<str:token>", views.opened, name="delivery-open"),
    path("t/c/<str:token>", views.clicked, name="delivery-click"),
    path("l/<str:token>", views.followed, name="delivery-follow"),
    path("p/<str:token>", preferences.preferences, name="delivery-preferences"),
    path("u/<str:token>", views.unsubscribe, name="delivery-unsubscribe"),
]
