// A folder of one organization's storage that another one receives every hour.
import * as crossorg from "@crossorg/crossorg";
import { party } from "../party";

const contoso = new crossorg.ProviderOrg("contoso", { location: "eastus", containers: ["reports"] });
const fabrikam = new crossorg.ConsumerOrg("fabrikam", { location: "eastus" });

const share = new crossorg.ShareWithDataset("reports", {
    shareName: "reports",
    schedule: { interval: "Hour", start: "2026-01-01T00:00:00Z" },
    dataSets: { monthly: { kind: "folder", container: "reports", path: "monthly" } },
    provider: party(contoso),
    consumers: { fabrikam: { party: party(fabrikam), landingContainer: fabrikam.landingContainer } },
    // How long a new role assignment may take until it is in effect.
    rolePropagation: process.env.CROSSORG_ROLE_PROPAGATION ?? "10m",
});

export const deliveries = share.deliveries;
