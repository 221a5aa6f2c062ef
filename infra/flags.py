"""CDK's feature flags, at what CDK recommends for a new app: in the code, so that tests and tools get the same templates.

Most concern services that are not used here; they are set because the CDK CLI counts every flag that is not.
"""

from typing import Any

_SET = {
    "@aws-cdk-containers/ecs-service-extensions": ("enableDefaultLogDriver",),
    "@aws-cdk/aws-apigateway": (
        "authorizerChangeDeploymentLogicalId",
        "disableCloudWatchRole",
        "logGroupDestinationArnWithoutWildcard",
        "requestValidatorUniqueId",
    ),
    "@aws-cdk/aws-appsync": (
        "appSyncGraphQLAPIScopeLambdaPermission",
        "useArnForSourceApiAssociationIdentifier",
    ),
    "@aws-cdk/aws-autoscaling": ("generateLaunchTemplateInsteadOfLaunchConfig",),
    "@aws-cdk/aws-batch": ("defaultToAL2023",),
    "@aws-cdk/aws-cloudfront": (
        "defaultFunctionRuntimeV2_0",
        "defaultViewerProtocolPolicyRedirectToHttps",
    ),
    "@aws-cdk/aws-cloudwatch-actions": ("changeLambdaPermissionLogicalIdForLambdaAction",),
    "@aws-cdk/aws-codedeploy": ("removeAlarmsFromDeploymentGroup",),
    "@aws-cdk/aws-codepipeline-actions": ("useNewDefaultBranchForCodeCommitSource",),
    "@aws-cdk/aws-codepipeline": (
        "crossAccountKeyAliasStackSafeResourceName",
        "crossAccountKeysDefaultValueToFalse",
        "defaultPipelineTypeToV2",
    ),
    "@aws-cdk/aws-dynamodb": (
        "resourcePolicyPerReplica",
        "retainTableReplica",
    ),
    "@aws-cdk/aws-ec2": (
        "bastionHostUseAmazonLinux2023ByDefault",
        "ebsDefaultGp3Volume",
        "ec2SumTImeoutEnabled",
        "launchTemplateDefaultUserData",
        "requirePrivateSubnetsForEgressOnlyInternetGateway",
        "restrictDefaultSecurityGroup",
        "uniqueImdsv2TemplateName",
    ),
    "@aws-cdk/aws-ecs-patterns": (
        "secGroupsDisablesImplicitOpenListener",
        "uniqueTargetGroupId",
    ),
    "@aws-cdk/aws-ecs": (
        "arnFormatIncludesClusterName",
        "disableExplicitDeploymentControllerForCircuitBreaker",
        "reduceEc2FargateCloudWatchPermissions",
        "removeDefaultDeploymentAlarm",
        "removeEmptyLoadBalancers",
    ),
    "@aws-cdk/aws-efs": (
        "denyAnonymousAccess",
        "mountTargetOrderInsensitiveLogicalId",
    ),
    "@aws-cdk/aws-eks": (
        "defaultToAL2023",
        "nodegroupNameAttribute",
        "useNativeOidcProvider",
    ),
    "@aws-cdk/aws-elasticloadbalancingV2": ("albDualstackWithoutPublicIpv4SecurityGroupRulesDefault",),
    "@aws-cdk/aws-elasticloadbalancingv2": (
        "networkLoadBalancerWithSecurityGroupByDefault",
        "usePostQuantumTlsPolicy",
    ),
    "@aws-cdk/aws-events": (
        "eventsTargetQueueSameAccount",
        "requireEventBusPolicySid",
    ),
    "@aws-cdk/aws-iam": (
        "importedRoleStackSafeDefaultPolicyName",
        "minimizePolicies",
        "oidcRejectUnauthorizedConnections",
    ),
    "@aws-cdk/aws-kms": (
        "aliasNameRef",
        "applyImportedAliasPermissionsToPrincipal",
        "reduceCrossAccountRegionPolicyScope",
    ),
    "@aws-cdk/aws-lambda-nodejs": (
        "sdkV3ExcludeSmithyPackages",
        "useLatestRuntimeVersion",
    ),
    "@aws-cdk/aws-lambda": (
        "recognizeLayerVersion",
        "useCdkManagedLogGroup",
    ),
    "@aws-cdk/aws-opensearchservice": ("enableOpensearchMultiAzWithStandby",),
    "@aws-cdk/aws-rds": (
        "auroraClusterChangeScopeOfInstanceParameterGroupWithEachParameters",
        "databaseProxyUniqueResourceName",
        "preventRenderingDeprecatedCredentials",
        "setCorrectValueForDatabaseInstanceReadReplicaInstanceResourceId",
    ),
    "@aws-cdk/aws-redshift": ("columnId",),
    "@aws-cdk/aws-route53-patterns": ("useDistribution",),
    "@aws-cdk/aws-route53-patters": ("useCertificate",),
    "@aws-cdk/aws-route53-targets": ("userPoolDomainNameMethodWithoutCustomResource",),
    "@aws-cdk/aws-s3": (
        "createDefaultLoggingPolicy",
        "publicAccessBlockedByDefault",
        "serverAccessLogsUseBucketPolicy",
        "setUniqueReplicationRoleName",
    ),
    "@aws-cdk/aws-secretsmanager": ("useAttachedSecretResourcePolicyForSecretTargetAttachments",),
    "@aws-cdk/aws-signer": ("signingProfileNamePassedToCfn",),
    "@aws-cdk/aws-sns-subscriptions": ("restrictSqsDescryption",),
    "@aws-cdk/aws-stepfunctions-tasks": (
        "enableEmrServicePolicyV2",
        "fixRunEcsTaskPolicy",
    ),
    "@aws-cdk/aws-stepfunctions": ("useDistributedMapResultWriterV2",),
    "@aws-cdk/core": (
        "annotationsInValidationReport",
        "aspectPrioritiesMutating",
        "cfnIncludeRejectComplexResourceUpdateCreatePolicyIntrinsics",
        "checkSecretUsage",
        "enablePartitionLiterals",
        "explicitStackTags",
        "includePrefixInUniqueNameGeneration",
        "validateAgainstDefaultRules",
        "validateSnapshotRemovalPolicy",
    ),
    "@aws-cdk/s3-notifications": ("addS3TrustKeyPolicyForSnsSubscriptions",),
}

FLAGS: dict[str, Any] = {f"{module}:{flag}": True for module, flags in _SET.items() for flag in flags} | {
    "@aws-cdk/core:defaultCrossStackReferences": "weak",
    "@aws-cdk/core:enableAdditionalMetadataCollection": False,  # an assembly says nothing about who made it
    "@aws-cdk/core:target-partitions": ["aws", "aws-cn", "aws-us-gov"],
}
"""Context for `cdk.App`."""
