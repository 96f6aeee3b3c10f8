"""Addresses of points."""

from django.urls import path

from loyalty.points.rest import accounts, pools, programs, transactions, verbs

routes = [
    ("loyaltyAccounts", accounts.AccountViewSet, "loyaltyAccounts"),
    ("loyaltyTransactions", transactions.TransactionViewSet, "loyaltyTransactions"),
    ("pointsExpiryEvents", transactions.ExpiryEventViewSet, "pointsExpiryEvents"),
    ("pools", pools.PoolViewSet, "pools"),
    ("capUsages", transactions.CapUsageViewSet, "capUsages"),
]
paths = [
    path("services/points/earn/", verbs.EarnView.as_view(), name="points-earn"),
    path("services/points/earn/batch/", verbs.EarnBatchView.as_view(), name="points-earn-batch"),
    path("services/points/burn/", verbs.BurnView.as_view(), name="points-burn"),
    path("services/points/reverse/", verbs.ReverseView.as_view(), name="points-reverse"),
    path("services/points/expire/", verbs.ExpireView.as_view(), name="points-expire"),
    path("services/points/reconcile/<str:account_id>/", verbs.ReconcileView.as_view(), name="points-reconcile"),
    path("services/points/proof/", verbs.ProofView.as_view(), name="points-proof"),
    path("loyaltyPrograms/<str:id>/analytics/", programs.AnalyticsView.as_view(), name="programs-analytics"),
    path("loyaltyPrograms/<str:id>/simulate/", programs.SimulateView.as_view(), name="programs-simulate"),
]
