// An organization that offers data: storage with a container, a vault, and a Data Share account that may read.
import * as crossorg from "@crossorg/crossorg";

const contoso = new crossorg.ProviderOrg("contoso", { location: "eastus", containers: ["reports"] });

export const dataShareAccountId = contoso.dataShareAccountId;
export const blobEndpoint = contoso.blobEndpoint;
