"""Addresses of points."""

from django.urls import path

from loyalty.points.rest import accounts, batches, books, holds, imports, moves, pools, programs, transactions, verbs

routes = [
    ("loyaltyAccounts", accounts.AccountViewSet, "loyaltyAccounts"),
    ("loyaltyTransactions", transactions.TransactionViewSet, "loyaltyTransactions"),
    ("pointsExpiryEvents", transactions.ExpiryEventViewSet, "pointsExpiryEvents"),
    ("pointsImports", imports.ImportViewSet, "pointsImports"),
    ("pools", pools.PoolViewSet, "pools"),
    ("capUsages", transactions.CapUsageViewSet, "capUsages"),
]
# Asked for each purchase, so it is looked for before all others.
early_paths = [path("services/points/earn/", verbs.EarnView.as_view(), name="points-earn")]
paths = [
    path("services/points/earn/batch/", verbs.EarnBatchView.as_view(), name="points-earn-batch"),
    path("services/points/burn/", verbs.BurnView.as_view(), name="points-burn"),
    path("services/points/burn/batch/", batches.BurnBatchView.as_view(), name="points-burn-batch"),
    path("services/points/transfer/", moves.TransferView.as_view(), name="points-transfer"),
    path("services/points/transfer/batch/", batches.TransferBatchView.as_view(), name="points-transfer-batch"),
    path("services/points/adjust/", moves.AdjustView.as_view(), name="points-adjust"),
    path("services/points/adjust/batch/", batches.AdjustBatchView.as_view(), name="points-adjust-batch"),
    path("services/points/reverse/", moves.ReverseView.as_view(), name="points-reverse"),
    path("services/points/reverse/batch/", batches.ReverseBatchView.as_view(), name="points-reverse-batch"),
    path("services/points/reinstate/", moves.ReinstateView.as_view(), name="points-reinstate"),
    path("services/points/hold/", holds.HoldView.as_view(), name="points-hold"),
    path("services/points/hold/batch/", batches.HoldBatchView.as_view(), name="points-hold-batch"),
    path("services/points/hold/capture/batch/", batches.CaptureBatchView.as_view(), name="points-capture-batch"),
    path("services/points/hold/release/batch/", batches.ReleaseBatchView.as_view(), name="points-release-batch"),
    path("services/points/hold/<str:hold_id>/capture/", holds.CaptureView.as_view(), name="points-capture"),
    path("services/points/hold/<str:hold_id>/release/", holds.ReleaseView.as_view(), name="points-release"),
    path("services/points/pending/<str:transaction_id>/confirm/", holds.ConfirmView.as_view(), name="points-confirm"),
    path("services/points/pending/<str:transaction_id>/cancel/", holds.CancelView.as_view(), name="points-cancel"),
    path("services/points/expire/", verbs.ExpireView.as_view(), name="points-expire"),
    path("services/points/reconcile/", books.ReconcileBookView.as_view(), name="points-reconcile-book"),
    path("services/points/reconcile/<str:account_id>/", books.ReconcileView.as_view(), name="points-reconcile"),
    path("services/points/discrepancies/", books.DiscrepanciesView.as_view(), name="points-discrepancies"),
    path("services/points/proof/", books.ProofView.as_view(), name="points-proof"),
    path("services/points/liability/", books.LiabilityView.as_view(), name="points-liability"),
    path("loyaltyPrograms/<str:id>/expiring/", books.ProgramExpiringView.as_view(), name="programs-expiring"),
    path("loyaltyPrograms/<str:id>/expire/", books.DailyWorkView.as_view(), name="programs-expire"),
    path("loyaltyPrograms/<str:id>/analytics/", programs.AnalyticsView.as_view(), name="programs-analytics"),
    path("loyaltyPrograms/simulate/", programs.SimulateUnsavedView.as_view(), name="programs-simulate-unsaved"),
    path("loyaltyPrograms/<str:id>/simulate/", programs.SimulateView.as_view(), name="programs-simulate"),
]
